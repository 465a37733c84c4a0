// What a bundler does for Relay's tags, and the CLI of graphql-codegen (a hundred packages more) for its presets.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { transformFileSync } from '@babel/core';
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import relay from 'babel-plugin-relay';
import { buildASTSchema, parse } from 'graphql';

const schema = parse(readFileSync('../../schema.graphql', 'utf8'));
const schemaAst = buildASTSchema(schema);
const config = {
  enumsAsTypes: true,
  strictScalars: true,
  useTypeImports: true,
  scalars: {
    BigInt: 'number | string',
    DateTime: 'string',
    JSON: 'unknown',
    TimeZone: 'string',
    UUID: 'string',
  },
};

/** What codegen.ts would say: `generates: { [directory]: { preset: 'client', documents: program, config } }`. */
async function generatePreset(program, baseOutputDir, more) {
  const tags = [...readFileSync(program, 'utf8').matchAll(/graphql\(`([^`]*)`\)/g)].map(([, text]) => text);
  const documents = tags.map((rawSDL) => ({ location: program, rawSDL, document: parse(rawSDL) }));
  const common = { schema, schemaAst, documents, config: { ...config, ...more }, plugins: [], pluginMap: {} };
  const files = await preset.buildGeneratesSection({ ...common, baseOutputDir, presetConfig: {} });
  for (const file of files) write(file.filename, await codegen(file));
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

await generatePreset('apollo.ts', 'generated/apollo/', {});
await generatePreset('fetch-graphql.ts', 'generated/fetch/', { documentMode: 'string' });
const { code } = transformFileSync('relay.ts', {
  configFile: false,
  parserOpts: { plugins: ['typescript'] },
  plugins: [[relay, { artifactDirectory: 'generated/relay', eagerEsModules: true }]],
});
write('relay.compiled.ts', code);
