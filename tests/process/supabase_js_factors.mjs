// Enrols an authenticator app, comes to aal2 with its code, reads what needs it, and unenrols.
import { createHmac } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const options = {
  auth: { persistSession: false, autoRefreshToken: false },
  realtime: { transport: WebSocket },
};
const client = createClient(url, key, options);
const { auth } = client;
const { mfa } = auth;
const told = {};

function good({ data, error }) {
  if (error) throw new Error(JSON.stringify(error));
  return data;
}

/** RFC 6238, as an app computes it. */
function codeOf(secret) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((one) => letters.indexOf(one).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from(bits.match(/.{8}/g).map((one) => parseInt(one, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const digest = createHmac("sha1", bytes).update(step).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
  return String(number % 1000000).padStart(6, "0");
}

async function rows() {
  return good(await client.from("vault").select()).length;
}

good(await auth.signUp({ email: "ada@example.com", password: "correct horse" }));
const app = good(await mfa.enroll({ factorType: "totp", friendlyName: "phone" }));
told.qr = app.totp.qr_code.startsWith("data:image/svg+xml;utf-8,<svg ");
told.before = [good(await mfa.getAuthenticatorAssuranceLevel()), await rows()];
const { id } = good(await mfa.challenge({ factorId: app.id }));
told.wrong = (await mfa.verify({ factorId: app.id, challengeId: id, code: "x" })).error.code;
good(await mfa.verify({ factorId: app.id, challengeId: id, code: codeOf(app.totp.secret) }));
told.after = [good(await mfa.getAuthenticatorAssuranceLevel()), await rows()];
told.listed = good(await mfa.listFactors()).totp.map((one) => [one.friendly_name, one.status]);
good(await mfa.unenroll({ factorId: app.id }));
told.unenrolled = [good(await mfa.listFactors()).all, await rows()];
console.log(JSON.stringify(told));
