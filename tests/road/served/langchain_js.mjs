// LangChain's ChatOpenAI in JavaScript.
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";

const model = "cascade/default";
const made = (base, name = model) => new ChatOpenAI({ model: name, apiKey: "none", configuration: { baseURL: `${base}/v1` } });

export const chat = async (base, name = model) => (await made(base, name).invoke("Where?")).content;

export const stream = async (base) => {
  const pieces = [];
  for await (const chunk of await made(base).stream("Where?")) pieces.push(chunk.content);
  return pieces;
};

export const tools = async (base) => {
  const weather = { type: "function", function: { name: "weather", description: "The weather.", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } } };
  const own = made(base).bindTools([weather]);
  const messages = [{ role: "user", content: "Umbrella in Oslo?" }];
  for (let turn = 0; turn < 3; turn++) {
    const said = await own.invoke(messages);
    if (!said.tool_calls.length) return said.content;
    messages.push(said, ...said.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "rain" })));
  }
};

export const structured = async (base) =>
  await made(base).withStructuredOutput(z.object({ item: z.string(), qty: z.number() })).invoke("Two lamps.");
