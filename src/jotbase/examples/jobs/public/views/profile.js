/** What I say about myself to companies. */

import { insert, one, update } from "../data.js";
import { fill, h, loading } from "../dom.js";
import { field, form, orNull } from "../form.js";
import { user } from "../session.js";
import { words } from "../text.js";

export function profileView({ notice }) {
  const body = h("div", {}, loading(2));
  const query = { id: `eq.${user().id}` };
  let drawn = false;

  async function refresh() {
    if (drawn) return; // what is being written stays
    let profile = await one("profiles", query);
    drawn = true;
    fill(
      body,
      form({
        testid: "profile",
        submit: "Save",
        fields: fields(profile ?? { name: user().user_metadata?.name }),
        async act(values) {
          const row = toRow(values);
          profile = profile ? await update("profiles", query, row) : await insert("profiles", row);
          notice("Your profile is saved.");
        },
      }),
    );
  }

  const node = h(
    "div",
    { class: "narrow" },
    h("h1", { tabindex: "-1" }, "My profile"),
    h("p", { class: "lead" }, "Seen by you, and by the companies that you apply to. By nobody else."),
    body,
  );
  return { title: "My profile", node, refresh };
}

function fields(profile) {
  const text = (name, extra = {}) => h("input", { type: "text", value: profile[name] ?? "", "data-testid": `profile-${name}`, ...extra });
  const about = h("textarea", { rows: 5, value: profile.about ?? "", "data-testid": "profile-about" });
  return [
    field("name", "Name", text("name", { autocomplete: "name" })),
    field("headline", "Headline", text("headline"), { hint: "You in one line.", optional: true }),
    field("about", "About", about, { hint: "Goes with a headline.", optional: true }),
    field("skills", "Skills", text("skills", { value: (profile.skills ?? []).join(", ") }), { hint: "With commas between.", optional: true }),
    field("contact", "E-mail for answers", text("contact", { type: "email", autocomplete: "email" }), { optional: true }),
    field("website", "Website", text("website", { type: "url", placeholder: "https://" }), { optional: true }),
  ];
}

const toRow = (values) => ({
  name: values.name,
  headline: orNull(values.headline),
  about: orNull(values.about),
  skills: words(values.skills),
  contact: orNull(values.contact),
  website: orNull(values.website),
});
