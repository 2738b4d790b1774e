// Vercel's AI SDK, with its provider for compatible servers.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const name = "cascade/default";
const made = (base, id = name) =>
  createOpenAICompatible({ name: "cascade", apiKey: "none", baseURL: `${base}/v1`, supportsStructuredOutputs: true })(id);

export const chat = async (base, id = name) => (await generateText({ model: made(base, id), prompt: "Where?" })).text;

export const stream = async (base) => {
  const pieces = [];
  for await (const piece of streamText({ model: made(base), prompt: "Where?" }).textStream) pieces.push(piece);
  return pieces;
};

export const tools = async (base) => {
  const weather = tool({
    description: "The weather.", inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `${city}: rain`,
  });
  return (await generateText({ model: made(base), prompt: "Umbrella in Oslo?", tools: { weather }, stopWhen: stepCountIs(3) })).text;
};

export const structured = async (base) => {
  const schema = z.object({ item: z.string(), qty: z.number() });
  return (await generateObject({ model: made(base), schema, prompt: "Two lamps." })).object;
};
