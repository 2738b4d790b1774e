// OpenAI's library for Node.
import OpenAI from "openai";

const model = "cascade/default";
const client = (base) => new OpenAI({ apiKey: "none", baseURL: `${base}/v1` });
const ask = (content) => [{ role: "user", content }];
const order = {
  type: "object", properties: { item: { type: "string" }, qty: { type: "integer" } }, required: ["item", "qty"],
  additionalProperties: false,
};
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

export const chat = async (base, name = model) =>
  (await client(base).chat.completions.create({ model: name, messages: ask("Where?") })).choices[0].message.content;

export const stream = async (base) => {
  const pieces = [];
  const chunks = await client(base).chat.completions.create({ model, messages: ask("Where?"), stream: true });
  for await (const chunk of chunks) pieces.push(chunk.choices[0]?.delta.content ?? "");
  return pieces;
};

export const tools = async (base) => {
  const runner = client(base).chat.completions.runTools({
    model,
    messages: ask("Umbrella in Oslo?"),
    tools: [{ type: "function", function: { name: "weather", description: "The weather.", parameters, parse: JSON.parse, function: ({ city }) => `${city}: rain` } }],
  });
  return await runner.finalContent();
};

export const structured = async (base) => {
  const response_format = { type: "json_schema", json_schema: { name: "order", strict: true, schema: order } };
  const answer = await client(base).chat.completions.create({ model, messages: ask("Two lamps."), response_format });
  return JSON.parse(answer.choices[0].message.content);
};
