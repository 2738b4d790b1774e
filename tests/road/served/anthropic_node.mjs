// Anthropic's library for Node.
import Anthropic from "@anthropic-ai/sdk";

const model = "cascade/default";
const max_tokens = 99;
const client = (base) => new Anthropic({ apiKey: "none", baseURL: base });
const text = (answer) => answer.content.filter((block) => block.type === "text").map((block) => block.text).join("");
const ask = (content) => [{ role: "user", content }];

export const chat = async (base, name = model) =>
  text(await client(base).messages.create({ model: name, max_tokens, messages: ask("Where?") }));

export const stream = async (base) => {
  const pieces = [];
  await client(base).messages.stream({ model, max_tokens, messages: ask("Where?") }).on("text", (piece) => pieces.push(piece)).finalMessage();
  return pieces;
};

export const tools = async (base) => {
  const messages = ask("Umbrella in Oslo?");
  const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  for (let turn = 0; turn < 3; turn++) {
    const tools = [{ name: "weather", description: "The weather.", input_schema }];
    const answer = await client(base).messages.create({ model, max_tokens, messages, tools });
    const calls = answer.content.filter((block) => block.type === "tool_use");
    if (!calls.length) return text(answer);
    messages.push({ role: "assistant", content: answer.content });
    messages.push({ role: "user", content: calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "rain" })) });
  }
};

export const structured = async (base) => {
  const schema = {
    type: "object", properties: { item: { type: "string" }, qty: { type: "integer" } }, required: ["item", "qty"],
    additionalProperties: false,
  };
  const output_config = { format: { type: "json_schema", schema } };
  return JSON.parse(text(await client(base).messages.create({ model, max_tokens, messages: ask("Two lamps."), output_config })));
};
