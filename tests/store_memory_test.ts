import { openMemoryStore } from "../lib/store/memory.ts";
import { storeConformance } from "./conformance/store.ts";
import { turn } from "./conformance/store_support.ts";

storeConformance("the memory store", () => openMemoryStore({ turn }));
