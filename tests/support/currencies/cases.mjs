// Rewrites cases.tsv: `node tests/support/currencies/cases.mjs`.
//
// Columns 1 and 2, a code and its minor units, are input: ISO 4217 list one, as published in the
// npm package currency-codes 2.2.0, and the codes XCG, XAD, HRK, SLL and ZWL from the standard's
// amendments. Columns 3 to 6 are Node's: 1234567 and -1234567 minor units, 0, and 1.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("cases.tsv", import.meta.url);
const lines = readFileSync(file, "utf-8").trimEnd().split("\n").map((line) => line.split("\t"));

function text(currency, decimals, minor) {
  const format = new Intl.NumberFormat("en-US", {
    style: "currency",
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return format.format(`${minor}e-${decimals}`);
}

const rows = lines.map(([code, decimals]) =>
  [code, decimals, ...[1234567, -1234567, 0, 1].map((minor) => text(code, Number(decimals), minor))].join("\t"),
);
writeFileSync(file, `${rows.join("\n")}\n`);
