import type { Range } from '../bytes/range.ts';
import { fileNames, rangeIn } from '../bytes/files.ts';
import { examine, type ExamineOptions } from '../check/examine.ts';
import { rawOf, valueText } from '../layout/show.ts';
import { child, pathOf, walk, type Node } from '../layout/node.ts';
import { hexBytes, printable, sizeText } from '../report/escape.ts';
import { opaqueLines, regionLines } from '../report/opaque.ts';
import { treePrinter } from '../report/tree.ts';
import { treeCollector, type InspectInput } from '../report/tree-json.ts';
import { containerText } from '../report/words.ts';
import { exitCodes, UndoneError } from './exit.ts';
import { jsonText } from '../report/json-text.ts';
import {
  catalogueOption,
  channelsExplained,
  channelSources,
  chalkFor,
  containerOption,
  formatOption,
  opened,
  reasonOf,
} from './options.ts';
import type { InspectFlags } from './program.ts';
import { tool } from './version.ts';

/** Prints what each input holds; the exit code says only whether it could be read. */
export const runInspect = async (
  paths: readonly string[],
  flags: InspectFlags,
): Promise<number> => {
  const options = { ...(await optionsOf(flags)), channels: channelSources(flags.channel, paths) };
  const documents: InspectInput[] = [];
  let code: number = exitCodes.sound;
  for (const path of paths) {
    try {
      if (flags.field !== undefined) {
        if (!(await printField(path, flags.field, flags, options))) code = exitCodes.findings;
      } else if (flags.json === true) {
        documents.push(await document(path, flags, options));
      } else {
        await print(path, flags, options);
      }
    } catch (error) {
      const reason = error instanceof UndoneError ? error.message : `${path}: ${reasonOf(error)}`;
      process.stderr.write(`vstate-check: ${printable(reason)}\n`);
      code = exitCodes.undone;
    }
  }
  if (flags.json === true && flags.field === undefined) {
    process.stdout.write(`${jsonText({ version: 1, tool, inputs: documents }, 2)}\n`);
  }
  return code;
};

const optionsOf = async (flags: InspectFlags): Promise<ExamineOptions> => {
  const { formats } = await catalogueOption(flags.formatFile);
  return {
    container: containerOption(flags.container),
    format: formatOption(flags.format, formats),
    formats,
  };
};

const print = async (path: string, flags: InspectFlags, options: ExamineOptions): Promise<void> => {
  const chalk = chalkFor(flags.color);
  const source = opened(path);
  const write = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  write(chalk.bold(printable(path)));
  const printer = treePrinter({
    chalk,
    limit: flags.limit,
    device: flags.device,
    write,
  });
  const seen = await channelsExplained(examine(source, printer, options)).finally(() => {
    source.close();
  });
  write(`${containerText(seen.container)}, ${sizeText(seen.bytes)}`);
  for (const { name, format, bytes, opaque } of seen.devices) {
    write(`  ${name === '' ? 'state' : printable(name)}: ${format}, ${sizeText(bytes)}`);
    if (opaque !== undefined && bytes > 0) {
      for (const text of opaqueLines(opaque)) write(`    ${text}`);
      write('    entropy by region of the state, in bits a byte:');
      for (const text of regionLines(opaque)) write(text);
    }
  }
  const omitted = printer.omitted();
  if (omitted > 0) write(`${omitted} more lines; --limit shows them`);
};

const document = async (
  path: string,
  flags: InspectFlags,
  options: ExamineOptions,
): Promise<InspectInput> => {
  const source = opened(path);
  const collector = treeCollector(flags.limit, fileNames(path, options.channels));
  const seen = await channelsExplained(examine(source, collector.observer, options)).finally(() => {
    source.close();
  });
  return { path, container: seen.container, bytes: seen.bytes, ...collector.result() };
};

/** Prints one field of each state that has it; false when none has. */
const printField = async (
  path: string,
  field: string,
  flags: InspectFlags,
  options: ExamineOptions,
): Promise<boolean> => {
  const source = opened(path);
  let found = 0;
  const show = (device: string, node: Node, { offset, file }: Range): void => {
    found += 1;
    const value = valueText(node) ?? hexBytes(rawOf(node));
    if (flags.json === true) {
      const line = {
        path: pathOf(node),
        device,
        offset,
        length: node.length,
        value,
        ...(file === undefined ? {} : { file }),
      };
      process.stdout.write(`${jsonText(line)}\n`);
    } else {
      process.stdout.write(`${printable(value)}\n`);
    }
  };
  await channelsExplained(
    examine(
      source,
      {
        unit: ({ root, device, locate }) => {
          if (flags.device !== undefined && flags.device !== device) return;
          for (const node of named(root, field))
            show(
              device,
              node,
              rangeIn(
                locate(node).ranges[0] ?? { offset: 0, length: 0 },
                fileNames(path, options.channels),
              ),
            );
        },
      },
      options,
    ),
  ).finally(() => {
    source.close();
  });
  if (found === 0)
    process.stderr.write(
      `vstate-check: ${printable(`${path}: no field ${JSON.stringify(field)}`)}\n`,
    );
  return found > 0;
};

/** The field at a path, or every field of a name. */
const named = (root: Node, field: string): readonly Node[] => {
  const direct = child(root, field);
  if (direct !== undefined) return [direct];
  return [...walk(root)].filter((node) => node.name === field || pathOf(node) === field);
};
