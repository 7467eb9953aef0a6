/** All companies by handle: few, shown everywhere, so read once and kept up to date. */

import { list } from "./data.js";

const byHandle = new Map();

export async function load() {
  const rows = await list("companies", { select: "*", order: "name.asc" });
  byHandle.clear();
  for (const row of rows) byHandle.set(row.handle, row);
}

/** Take in a change that came over the socket, or a row just written. */
export function apply({ type, row, old }) {
  if (type === "DELETE") byHandle.delete(old.handle);
  else byHandle.set(row.handle, row);
}

/** The company, or a stand-in until it is known. */
export const company = (handle) => byHandle.get(handle) ?? { handle, name: handle, about: "", owner: null };

/** All of them by name. */
export const companies = () => [...byHandle.values()].sort((a, b) => a.name.localeCompare(b.name));

/** Those that the person founded. */
export const ownedBy = (person) => (person ? companies().filter(({ owner }) => owner === person.id) : []);
