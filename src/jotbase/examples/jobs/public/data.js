/** The tables and functions, read and written as whoever is signed in. */

import { send } from "./api.js";
import { accessToken, refresh, user } from "./session.js";

const REPRESENTATION = { prefer: "return=representation" };

/** Rows of a table; `query` is PostgREST's: `{select, order, status: "eq.open"}`. */
export const list = (table, query) => ask(`/rest/v1/${table}`, { query });

/** The row for which the query asks, or null. */
export const one = async (table, query) => (await list(table, { ...query, limit: 1 }))[0] ?? null;

/** Insert a row; gives it as stored. */
export async function insert(table, body) {
  const options = { method: "POST", body, headers: REPRESENTATION };
  return (await ask(`/rest/v1/${table}`, options))[0];
}

/** Change the rows that `query` finds; gives the first as stored, or null where none was found. */
export async function update(table, query, body) {
  const options = { method: "PATCH", query, body, headers: REPRESENTATION };
  return (await ask(`/rest/v1/${table}`, options))[0] ?? null;
}

/** Delete the rows that `query` finds. */
export const remove = (table, query) => ask(`/rest/v1/${table}`, { method: "DELETE", query });

/** What a function of the project answers. */
export const call = (name) => ask(`/functions/v1/${name}`, {});

async function ask(path, options) {
  try {
    return await send(path, { ...options, token: await accessToken() });
  } catch (error) {
    if (error.status !== 401 || error.code === "42501" || !user()) throw error;
    await refresh(); // the token ran out early or was withdrawn: once more with a new one
    return send(path, { ...options, token: await accessToken() });
  }
}
