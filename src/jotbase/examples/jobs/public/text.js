/** How values are said: money, places, ages. */

const money = new Intl.NumberFormat("en", { style: "currency", currency: "EUR", maximumFractionDigits: 0 });
const share = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 2 });
const ages = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

export const salary = (amount) => (amount === null ? "Salary on request" : money.format(amount));
export const equity = (fraction) => `${share.format(fraction)} equity`;

/** "Hamburg", "Remote", "Remote or Hamburg". */
export function place({ remote, location }) {
  if (!remote) return location ?? "";
  return location ? `Remote or ${location}` : "Remote";
}

/** "just now", "5 minutes ago", "yesterday". */
export function age(timestamp) {
  const seconds = (Date.now() - Date.parse(timestamp)) / 1000;
  const unit = UNITS.find(([, length]) => seconds >= length);
  return unit ? ages.format(-Math.floor(seconds / unit[1]), unit[0]) : "just now";
}

/** "1 position", "2 positions". */
export const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** "a, b c" as ["a", "b c"]. */
export const words = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);

/** First letters, for the tile that stands for a logo. */
export const initials = (name) => name.split(/\s+/).slice(0, 2).map((word) => word[0]).join("").toUpperCase();

/** One of eight tones, always the same for the same text. */
export const tone = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % 8;
