import { openSqliteStore } from "../lib/store/sqlite.ts";
import { storeConformance } from "./conformance/store.ts";
import { turn } from "./conformance/store_support.ts";

storeConformance("the SQLite store", () => openSqliteStore({ directory: null, turn }));
