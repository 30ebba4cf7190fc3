"use strict";
// Renders openapi.json as a page. Inserts text as text, never as markup.

function element(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

function nameOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = schema.oneOf || schema.anyOf;
  if (options) return options.map(nameOf).join(" | ");
  if (schema.type === "array") return `${nameOf(schema.items)}[]`;
  return schema.format ? `${schema.type} (${schema.format})` : String(schema.type ?? "any");
}

function table(heads, rows) {
  const head = element("tr", ...heads.map((text) => element("th", text)));
  const body = rows.map((cells) => element("tr", ...cells.map((cell) => element("td", cell))));
  return element("table", element("thead", head), element("tbody", ...body));
}

function answers(responses) {
  return Object.entries(responses).map(([status, answer]) => {
    const content = Object.values(answer.content ?? {})[0];
    return [status, answer.description ?? "", element("code", nameOf(content?.schema))];
  });
}

function operation(path, method, details) {
  const parts = [element("h2", element("code", `${method.toUpperCase()} ${path}`))];
  parts.push(element("p", details.description ?? details.summary ?? ""));
  const rows = (details.parameters ?? []).map((parameter) => [
    element("code", parameter.name),
    parameter.in,
    element("code", nameOf(parameter.schema)),
    parameter.description ?? "",
  ]);
  if (rows.length) parts.push(table(["parameter", "in", "type", "meaning"], rows));
  parts.push(table(["status", "when", "body"], answers(details.responses ?? {})));
  return parts;
}

function shape(name, schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([field, type]) => [
    element("code", field),
    element("code", nameOf(type)),
    type.description ?? "",
  ]);
  const parts = [element("h2", element("code", name)), element("p", schema.description ?? "")];
  return rows.length ? [...parts, table(["field", "type", "meaning"], rows)] : parts;
}

function page(api) {
  const paths = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, details]) => operation(path, method, details)),
  );
  const shapes = Object.entries(api.components?.schemas ?? {}).flatMap(([name, schema]) =>
    shape(name, schema),
  );
  return [element("h1", api.info.title), element("p", api.info.description ?? ""), ...paths, ...shapes];
}

async function show() {
  const target = document.getElementById("document");
  try {
    const answer = await fetch("openapi.json");
    target.replaceChildren(...page(await answer.json()));
  } catch (problem) {
    target.replaceChildren(element("p", `openapi.json cannot be read: ${problem.message}`));
  }
}

show();
