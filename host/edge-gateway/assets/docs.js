// SPDX-License-Identifier: MIT OR Apache-2.0
"use strict";
// Shows /openapi.json of the token's tenant: operations by component and interface, schemas, and a form to try each.
// It builds the page from elements and text only, never from markup, so that no documentation can inject any.

const TOKEN_KEY = "cortex-token";
const SCHEMA_DEPTH_MAX = 12; // A type that refers to itself ends here.
const BODY_METHODS = ["post", "put", "patch"];
const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

/** Makes an element: make("p.about", {title: "x"}, "text", child, ...). */
function make(shape, properties, ...children) {
  const [tag, ...classes] = shape.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  Object.assign(element, properties || {});
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function notice(text, bad) {
  byId("notice").textContent = text;
  byId("notice").classList.toggle("bad", Boolean(bad));
}

/** Paragraphs with `code` and **strong**, as the documentation of interfaces uses them. */
function paragraph(kind, text) {
  const line = make(kind);
  for (const part of text.split(/(`[^`]+`|\*\*[^*]+\*\*)/)) {
    if (/^`.+`$/s.test(part)) line.append(make("code", null, part.slice(1, -1)));
    else if (/^\*\*.+\*\*$/s.test(part)) line.append(make("strong", null, part.slice(2, -2)));
    else line.append(part.replace(/\s*\n\s*/g, " "));
  }
  return line;
}

function prose(text) {
  const paragraphs = (text || "").split(/\n\s*\n/).filter((each) => each.trim());
  return make("div", null, ...paragraphs.map((each) => paragraph("p", each)));
}

// ---- the document ----

class Description {
  constructor(document) { this.document = document; }

  /** Follows references inside the document. */
  resolve(schema) {
    let name = null;
    for (let hops = 0; schema && schema.$ref && hops < 16; hops += 1) {
      const keys = schema.$ref.replace(/^#\//, "").split("/").map((key) => decodeURIComponent(key).replace(/~1/g, "/").replace(/~0/g, "~"));
      name = keys[keys.length - 1];
      const target = keys.reduce((place, key) => (place ? place[key] : undefined), this.document);
      const { $ref, ...beside } = schema;
      schema = target && typeof target === "object" ? { ...target, ...beside } : target;
    }
    if (schema === true || schema === undefined) schema = {};
    if (schema === false) schema = { not: {} };
    return { schema, name };
  }

  /** One entry for each operation, with all its routes: the derived one first. */
  operations() {
    const found = new Map();
    for (const [path, item] of Object.entries(this.document.paths || {})) {
      for (const method of METHODS) {
        const detail = item[method];
        if (!detail || !path.startsWith("/api/")) continue;
        const key = (detail.operationId || `${method} ${path}`).replace(/\.rest$/, "");
        const [, , component, version] = path.split("/");
        const group = (detail.tags && detail.tags[0]) || `${component}/${version}`;
        const entry = found.get(key) || { key, component, group, routes: [] };
        entry.routes.push({ method, path, detail, parameters: [...(item.parameters || []), ...(detail.parameters || [])] });
        found.set(key, entry);
      }
    }
    const ofManifest = (route) => (/\.rest$/.test(route.detail.operationId || "") ? 1 : 0);
    for (const entry of found.values()) entry.routes.sort((a, b) => ofManifest(a) - ofManifest(b));
    return [...found.values()];
  }
}

function bodySchema(route) {
  const content = route.detail.requestBody && route.detail.requestBody.content;
  return content && content["application/json"] ? content["application/json"].schema : null;
}

function answerSchema(route) {
  const answers = route.detail.responses || {};
  const code = Object.keys(answers).find((status) => status.startsWith("2"));
  const content = code && answers[code].content;
  return content && content["application/json"] ? content["application/json"].schema : null;
}

// ---- schemas ----

function typeText(description, raw, depth = 0) {
  const { schema, name } = description.resolve(raw);
  if (depth > 3) return "…";
  const inner = (part) => typeText(description, part, depth + 1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = schema.oneOf || schema.anyOf;
  if (options) return options.map(inner).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.type === "array") {
    if (schema.prefixItems) return `[${schema.prefixItems.map(inner).join(", ")}]`;
    const item = inner(schema.items);
    return `${item.includes(" | ") ? `(${item})` : item}[]`;
  }
  if (schema.type === "object") {
    const fields = Object.entries(schema.properties || {});
    if (name) return schema.title || name.split(".").pop();
    return fields.length === 1 ? `{ ${fields[0][0]}: ${inner(fields[0][1])} }` : "object";
  }
  // An integer of 64 bits is a text in JSON.
  if (schema.type === "string" && /^u?int64$/.test(schema.format)) return `string (${schema.format})`;
  return schema.format || (name && schema.type === "string" ? name.split(".").pop() : schema.type) || "any";
}

function bounds(schema) {
  const words = { minimum: "≥", maximum: "≤", minLength: "length ≥", maxLength: "length ≤", minItems: "items ≥", maxItems: "items ≤" };
  // What does not fit a number of this language would be shown wrongly; the type says it anyway.
  const exact = (value) => Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  return Object.entries(words).filter(([key]) => schema[key] !== undefined && exact(schema[key])).map(([key, word]) => `${word} ${schema[key]}`).join(", ");
}

/** What lies inside a schema: fields, items or cases. */
function inside(description, raw) {
  const { schema } = description.resolve(raw);
  if (schema.properties) {
    const required = new Set(schema.required || []);
    return Object.entries(schema.properties).map(([name, part]) => ({ name, part, need: required.has(name) }));
  }
  if (schema.type === "array" && schema.items) return inside(description, schema.items);
  const options = schema.oneOf || schema.anyOf || [];
  return options.flatMap((option) => inside(description, option));
}

function schemaList(description, raw, depth = 0) {
  const list = make("ul");
  for (const { name, part, need } of inside(description, raw)) {
    const { schema } = description.resolve(part);
    const head = [make("span.field", null, name), " ", make("span.type", null, typeText(description, part))];
    if (need) head.push(" ", make("span.need", null, "required"));
    const limits = bounds(schema);
    if (limits) head.push(" ", make("span.quiet", null, limits));
    const about = schema.description ? paragraph("p.about", schema.description) : null;
    const nested = inside(description, part).length > 0 && depth < SCHEMA_DEPTH_MAX;
    if (!nested) {
      list.append(make("li", null, ...head, about));
      continue;
    }
    const details = make("details", { open: depth < 1 }, make("summary", null, ...head), about);
    const fill = () => { if (!details.dataset.filled) { details.dataset.filled = "yes"; details.append(schemaList(description, part, depth + 1)); } };
    if (details.open) fill();
    details.addEventListener("toggle", fill);
    list.append(make("li", null, details));
  }
  return list;
}

function schemaBox(description, raw) {
  const { schema, name } = description.resolve(raw);
  const box = make("div.schema");
  if (name || !schema.properties) box.append(make("span.type", null, typeText(description, raw)));
  if (schema.description) box.append(paragraph("p.about", schema.description));
  if (inside(description, raw).length) box.append(schemaList(description, raw));
  return box;
}

const TEXT_EXAMPLES = {
  date: "2026-01-31", "date-time": "2026-01-31T12:00:00Z", uuid: "00000000-0000-7000-8000-000000000000",
  decimal: "12.34", "currency-code": "EUR", currency: "EUR",
};

/** A value that the schema accepts, as a start: required fields only. */
function example(description, raw, depth = 0) {
  const { schema } = description.resolve(raw);
  if (schema.examples && schema.examples.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const options = schema.oneOf || schema.anyOf;
  if (options) return options.length && depth < SCHEMA_DEPTH_MAX ? example(description, options[0], depth + 1) : null;
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object" || schema.properties) {
    const required = new Set(schema.required || []);
    const fields = Object.entries(schema.properties || {}).filter(([name]) => required.has(name) && depth < SCHEMA_DEPTH_MAX);
    return Object.fromEntries(fields.map(([name, part]) => [name, example(description, part, depth + 1)]));
  }
  if (type === "array") {
    if (schema.prefixItems) return schema.prefixItems.map((part) => example(description, part, depth + 1));
    return depth < SCHEMA_DEPTH_MAX && schema.items ? [example(description, schema.items, depth + 1)] : [];
  }
  if (type === "integer" || type === "number") return schema.minimum > 0 ? schema.minimum : 0;
  if (type === "boolean") return false;
  if (type === "string") return TEXT_EXAMPLES[schema.format] || (/\d/.test(schema.pattern || "") ? "0" : "");
  return null;
}

// ---- trying an operation ----

function tryForm(description, operation) {
  const routes = make("select", { ariaLabel: "Route" });
  operation.routes.forEach((route, index) => routes.append(make("option", { value: String(index) }, `${route.method.toUpperCase()} ${route.path}`)));
  const inputs = make("div");
  const send = make("button.primary", { type: "submit" }, "Send");
  const stop = make("button", { type: "button", hidden: true }, "Stop");
  const state = make("span.status", { role: "status" });
  const result = make("pre", { hidden: true, tabIndex: 0 });
  const form = make("form.try", { noValidate: true }, make("h4", null, "Try it"), make("div.row", null, routes), inputs,
    make("div.row", null, send, stop, state), result);
  const chosen = () => operation.routes[Number(routes.value)];
  let fields = [];
  let body = null;
  const draw = () => {
    const route = chosen();
    inputs.replaceChildren();
    fields = route.parameters.filter((parameter) => parameter.in === "path" || parameter.in === "query").map((parameter) => {
      const kind = typeText(description, parameter.schema || {});
      const input = make("input", { placeholder: `${kind}${parameter.required ? "" : "  (optional)"}`, spellcheck: false });
      inputs.append(make("label.parameter", null, make("span", null, parameter.name), input));
      return { parameter, input };
    });
    const schema = bodySchema(route);
    body = null;
    if (schema && BODY_METHODS.includes(route.method)) {
      body = make("textarea", { value: JSON.stringify(example(description, schema), null, 2), spellcheck: false, ariaLabel: "Body as JSON" });
      body.rows = Math.min(24, body.value.split("\n").length + 1);
      inputs.append(body);
    }
  };
  routes.addEventListener("change", draw);
  routes.hidden = operation.routes.length < 2;
  draw();
  let running = null;
  stop.addEventListener("click", () => running && running.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running = new AbortController();
    send.disabled = true;
    stop.hidden = false;
    state.className = "status";
    state.textContent = "…";
    try {
      await call(chosen(), fields, body, state, result, running.signal);
    } catch (error) {
      state.className = "status bad";
      state.textContent = error.name === "AbortError" ? "stopped; what it did was undone" : `no answer: ${error.message}`;
    } finally {
      send.disabled = false;
      stop.hidden = true;
    }
  });
  return form;
}

async function call(route, fields, body, state, result, signal) {
  let path = route.path;
  const query = new URLSearchParams();
  for (const { parameter, input } of fields) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.append(parameter.name, input.value);
  }
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY)}` };
  const request = { method: route.method.toUpperCase(), headers, signal };
  if (body) {
    headers["Content-Type"] = "application/json";
    request.body = body.value;
  }
  const started = performance.now();
  const answer = await fetch(query.size ? `${path}?${query}` : path, request);
  const text = await answer.text();
  const elapsed = (performance.now() - started).toFixed(0);
  state.className = `status ${answer.ok ? "good" : "bad"}`;
  state.textContent = `${answer.status} ${answer.statusText} · ${elapsed} ms · request ${answer.headers.get("X-Request-Id")}`;
  result.hidden = text === "";
  result.textContent = pretty(text);
}

/** Indents JSON without reading its numbers, so that a 64-bit integer is shown as it came. */
function pretty(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
  if (!tokens || !/^\s*[[{]/.test(text)) return text;
  let depth = 0;
  let out = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, index) => {
    if (token === "{" || token === "[") {
      const empty = tokens[index + 1] === "}" || tokens[index + 1] === "]";
      depth += 1;
      out += token + (empty ? "" : line());
    } else if (token === "}" || token === "]") {
      const empty = tokens[index - 1] === "{" || tokens[index - 1] === "[";
      depth -= 1;
      out += (empty ? "" : line()) + token;
    } else if (token === ",") out += token + line();
    else if (token === ":") out += ": ";
    else out += token;
  });
  return out;
}

// ---- the page ----

function parameterTable(description, route) {
  const shown = route.parameters.filter((parameter) => parameter.in === "path" || parameter.in === "query");
  if (!shown.length) return null;
  const list = make("ul");
  for (const parameter of shown) {
    const need = parameter.required ? [" ", make("span.need", null, "required")] : [];
    list.append(make("li", null, make("span.field", null, parameter.name), " ",
      make("span.type", null, typeText(description, parameter.schema || {})), " ", make("span.quiet", null, `in ${parameter.in}`), ...need,
      parameter.description ? paragraph("p.about", parameter.description) : null));
  }
  return make("div.schema", null, list);
}

function operationCard(description, operation, id) {
  const [route] = operation.routes;
  const { detail } = route;
  const effect = detail["x-cortex-effect"];
  const permission = (detail.security || []).flatMap((each) => Object.values(each).flat()).join(", ");
  const text = detail.description || detail.summary || "";
  const brief = (detail.summary || text).split(/(?<=\.)\s/)[0];
  const name = route.path.includes("{") ? operation.key : route.path.split("/").pop();
  const summary = make("summary", null, make("span.name", null, name), make("span.brief", null, brief.replace(/`/g, "")));
  if (effect) summary.append(make(`span.badge.${effect}`, null, effect));
  const inner = make("div.inner");
  const card = make("details.operation", { id }, summary, inner);
  if (detail.deprecated) card.classList.add("struck");
  const fill = () => {
    if (inner.firstChild) return;
    inner.append(prose(text));
    if (permission) inner.append(make("p.quiet", null, "Needs the permission ", make("code", null, permission), "."));
    const routes = operation.routes.map((each) => make("li", null, make("span.method", null, each.method.toUpperCase()), make("span.path", null, each.path)));
    inner.append(make("h4", null, operation.routes.length > 1 ? "Routes" : "Route"), make("ul.routes", null, ...routes));
    const input = bodySchema(route);
    const output = answerSchema(route);
    inner.append(make("div.columns", null,
      make("div", null, make("h4", null, "Input"), parameterTable(description, route), input ? schemaBox(description, input) : make("p.quiet", null, "no body")),
      make("div", null, make("h4", null, "Answer"), output ? schemaBox(description, output) : make("p.quiet", null, "204, no body"))));
    inner.append(tryForm(description, operation));
  };
  card.addEventListener("toggle", fill);
  return card;
}

function tagText(description, name) {
  const tag = (description.document.tags || []).find((each) => each.name === name);
  return tag ? tag.description : "";
}

function show(openapi) {
  const description = new Description(openapi);
  const components = new Map();
  for (const operation of description.operations()) {
    const groups = components.get(operation.component) || new Map();
    groups.set(operation.group, [...(groups.get(operation.group) || []), operation]);
    components.set(operation.component, groups);
  }
  const tree = byId("tree");
  const main = byId("operations");
  tree.replaceChildren();
  main.replaceChildren();
  let number = 0;
  for (const [component, groups] of components) {
    const section = make("section.component", null, make("h2", null, component));
    tree.append(make("h3", null, component));
    for (const [group, operations] of groups) {
      const box = make("div.interface", null, make("h3", null, group), prose(tagText(description, group)));
      const list = make("ul");
      for (const operation of operations) {
        number += 1;
        const id = `operation-${group}/${operation.key.split(".").pop()}`.replace(/[^a-z0-9]+/gi, "-");
        const card = operationCard(description, operation, id);
        const link = make("a", { href: `#${id}` }, card.querySelector(".name").textContent);
        link.addEventListener("click", () => { card.open = true; });
        const words = `${component} ${group} ${operation.key} ${card.textContent} ${operation.routes.map((route) => route.path).join(" ")}`.toLowerCase();
        list.append(make("li", null, link));
        list.lastChild.dataset.words = words;
        card.dataset.words = words;
        box.append(card);
      }
      tree.append(make("div.group", null, make("h4", null, group.split("/").pop()), list));
      section.append(box);
    }
    main.append(section);
  }
  byId("welcome").hidden = true;
  byId("contents").hidden = false;
  openLinked();
  notice(number ? "" : "This tenant has no component enabled yet.");
}

/** Opens the operation that the address names. */
function openLinked() {
  const card = byId(location.hash.slice(1));
  if (!card || !card.matches(".operation")) return;
  card.open = true;
  card.scrollIntoView();
}

function filter() {
  const wanted = byId("filter").value.trim().toLowerCase().split(/\s+/);
  const fits = (element) => wanted.every((word) => element.dataset.words.includes(word));
  for (const element of document.querySelectorAll("[data-words]")) element.hidden = !fits(element);
  for (const box of document.querySelectorAll(".interface, .component")) box.hidden = !box.querySelector(".operation:not([hidden])");
  for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector("li:not([hidden])");
}

async function open(token) {
  notice("Loading …");
  try {
    const answer = await fetch("/openapi.json", { headers: { Authorization: `Bearer ${token}` } });
    const document = await answer.json();
    if (!answer.ok) {
      leave();
      notice(document.detail || `The host answered ${answer.status}.`, true);
      return;
    }
    sessionStorage.setItem(TOKEN_KEY, token);
    byId("token").value = "";
    byId("token").placeholder = "Another token";
    byId("leave").hidden = false;
    show(document);
  } catch (error) {
    notice(`The description could not be read: ${error.message}`, true);
  }
}

function leave() {
  sessionStorage.removeItem(TOKEN_KEY);
  byId("token").placeholder = "Token";
  byId("leave").hidden = true;
  byId("contents").hidden = true;
  byId("welcome").hidden = false;
  byId("operations").replaceChildren();
  notice("");
}

byId("access").addEventListener("submit", (event) => { event.preventDefault(); open(byId("token").value.trim()); });
byId("leave").addEventListener("click", leave);
byId("filter").addEventListener("input", filter);
window.addEventListener("hashchange", openLinked);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) { event.preventDefault(); byId("filter").focus(); }
});
if (sessionStorage.getItem(TOKEN_KEY)) open(sessionStorage.getItem(TOKEN_KEY));
