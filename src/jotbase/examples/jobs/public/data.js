/** The tables and functions, read and written as whoever is signed in. */

import { send } from "./api.js";
import { accessToken, refresh, user } from "./session.js";

const REPRESENTATION = { prefer: "return=representation" };

/** Rows of a table; `query` is PostgREST's: `{select, order, status: "eq.open"}`. */
export const list = async (table, query) => (await ask(`/rest/v1/${table}`, { query })).rows;

/** The row for which the query asks, or null. */
export const one = async (table, query) => (await list(table, { ...query, limit: 1 }))[0] ?? null;

/** How many rows there are. */
export async function count(table, query) {
  const headers = { prefer: "count=exact" };
  return (await ask(`/rest/v1/${table}`, { query: { ...query, limit: 1 }, headers })).total;
}

/** Insert a row; gives it as stored. */
export async function insert(table, body) {
  const { rows } = await ask(`/rest/v1/${table}`, { method: "POST", body, headers: REPRESENTATION });
  return rows[0];
}

/** Change the rows that `query` finds; gives the first as stored, or null where none was found. */
export async function update(table, query, body) {
  const options = { method: "PATCH", query, body, headers: REPRESENTATION };
  return (await ask(`/rest/v1/${table}`, options)).rows[0] ?? null;
}

/** Delete the rows that `query` finds. */
export const remove = (table, query) => ask(`/rest/v1/${table}`, { method: "DELETE", query });

/** What a function of the project answers. */
export const call = async (name) => (await ask(`/functions/v1/${name}`, {})).rows;

async function ask(path, options) {
  try {
    return await send(path, { ...options, token: await accessToken() });
  } catch (error) {
    if (error.status !== 401 || error.code === "42501" || !user()) throw error;
    await refresh(); // the token ran out early or was withdrawn: once more with a new one
    return send(path, { ...options, token: await accessToken() });
  }
}
