// Reads {ajv: path, schema, values} and prints which values are valid, by ajv in strict mode.
import { readFileSync } from "node:fs";

const { ajv: path, schema, values } = JSON.parse(readFileSync(0, "utf-8"));
const { default: Ajv } = await import(path);
const ajv = new (Ajv.default ?? Ajv)({ strict: true });
ajv.addFormat("date-time", true);
const validate = ajv.compile(schema);
console.log(JSON.stringify(values.map((value) => validate(value))));
