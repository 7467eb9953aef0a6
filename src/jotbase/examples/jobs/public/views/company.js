/** Founding a company. */

import { apply } from "../companies.js";
import { insert } from "../data.js";
import { h } from "../dom.js";
import { field, form, orNull } from "../form.js";

export function companyView({ notice, navigate }) {
  const name = h("input", { type: "text", autocomplete: "organization", "data-testid": "company-name" });
  const handle = h("input", { type: "text", autocapitalize: "none", spellcheck: "false", "data-testid": "company-handle" });
  let own = false;
  handle.addEventListener("input", () => (own = true));
  name.addEventListener("input", () => {
    if (!own) handle.value = slug(name.value);
  });
  const node = h(
    "div",
    { class: "narrow" },
    h("h1", { tabindex: "-1" }, "Found a company"),
    h("p", { class: "lead" }, "You will be its owner: you post its positions and read its applications."),
    form({
      testid: "company",
      submit: "Found company",
      saying: { 23505: "A company with this name or handle exists already." },
      fields: [
        field("name", "Name", name),
        field("handle", "Handle", handle, {
          hint: "Short name for addresses; it stays for good.",
          saying: { pattern: "A handle begins with a letter and has small letters, digits and - only." },
        }),
        field("city", "City", h("input", { type: "text", "data-testid": "company-city" }), { optional: true }),
        field("website", "Website", h("input", { type: "url", placeholder: "https://", "data-testid": "company-website" }), { optional: true }),
        field("about", "About", h("textarea", { rows: 4, "data-testid": "company-about" }), { optional: true }),
      ],
      async act(values) {
        const row = await insert("companies", { ...values, city: orNull(values.city), website: orNull(values.website) });
        apply({ type: "INSERT", row });
        notice(`${row.name} is founded.`);
        navigate(`#/post?company=${row.handle}`);
      },
    }),
  );
  return { title: "Found a company", node };
}

const slug = (text) =>
  text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+|-+$/g, "").slice(0, 40);
