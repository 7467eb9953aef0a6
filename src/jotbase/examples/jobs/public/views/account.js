/** Signing up and signing in. */

import { insert } from "../data.js";
import { h } from "../dom.js";
import { field, form } from "../form.js";
import { signIn, signUp } from "../session.js";

/** `mode` is "sign-up" or "sign-in"; `query.to` is where to go afterwards. */
export function accountView({ mode, query, notice, navigate }) {
  const joining = mode === "sign-up";
  const other = joining ? "sign-in" : "sign-up";
  const rest = query.to ? `?to=${encodeURIComponent(query.to)}` : "";
  const target = query.to?.startsWith("#/") ? query.to : "#/";
  const control = (type, name, autocomplete) => h("input", { type, autocomplete, "data-testid": `${mode}-${name}` });
  const fields = [
    joining ? field("name", "Your name", control("text", "name", "name"), { hint: "For your profile, which companies see when you apply.", optional: true }) : [],
    field("email", "E-mail", control("email", "email", "email")),
    field("password", "Password", control("password", "password", joining ? "new-password" : "current-password"), { hint: joining ? "Six characters or more." : null }),
  ];
  async function act({ name, email, password }) {
    if (joining) await signUp(email.trim(), password, name.trim());
    else await signIn(email.trim(), password);
    navigate(target);
    if (joining && name.trim()) await introduce(name.trim(), notice);
  }
  const node = h(
    "div",
    { class: "slim" },
    h("h1", { tabindex: "-1" }, joining ? "Sign up" : "Sign in"),
    form({ testid: mode, submit: joining ? "Sign up" : "Sign in", fields, act }),
    h("p", { class: "quiet" }, joining ? "Have an account? " : "New here? ", h("a", { href: `#/${other}${rest}`, "data-testid": `to-${other}` }, joining ? "Sign in" : "Sign up")),
  );
  return { title: joining ? "Sign up" : "Sign in", node };
}

async function introduce(name, notice) {
  try {
    await insert("profiles", { name });
  } catch (error) {
    notice(`Your account is there, your profile is not: ${error.message}`, "bad");
  }
}
