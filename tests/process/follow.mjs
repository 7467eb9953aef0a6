// Follows a table by the shipped helper; tells each item as a line of JSON, until a row with the title "end".
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key, token, module, filter] = process.argv.slice(2);
const { follow } = await import(module);
const client = createClient(url, key, {
  auth: { persistSession: false, autoRefreshToken: false },
  accessToken: async () => token,
  realtime: { transport: WebSocket, reconnectAfterMs: () => 100 },
});
for await (const { type, row, old, cursor } of follow(client, "notes", { filter })) {
  console.log(JSON.stringify([type, (row ?? old).id, cursor]));
  if (row?.title === "end") break;
}
process.exit(0);
