/** Aliases in the memory store. */
import { type Aliases, createAliasTable } from "./aliases.ts";
import type { MemoryParts } from "./memory_tables.ts";

export function memoryAliases({ memory, group }: MemoryParts): Aliases {
  const table = createAliasTable();
  return {
    list: table.list,
    find: table.find,
    update(name, change) {
      return group.run(() => {
        const alias = change(memory.aliases.get(name) ?? null);
        if (alias === null) memory.aliases.delete(name);
        else memory.aliases.set(name, alias);
        return alias;
      }, (alias) => table.set(name, alias));
    },
  };
}
