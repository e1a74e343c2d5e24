import { builtinModules } from 'node:module';
import path from 'node:path';

import ts from 'typescript';

/** What one folder of `src` may import from the others. */
interface Folder {
  readonly any?: readonly string[];
  /** Folders whose types it may name, but whose code it may not run. */
  readonly types?: readonly string[];
}

const BELOW_CHECK = ['bytes', 'layout', 'container', 'formats', 'finding', 'rules'];

/** The direction of the data, top to bottom; imports point up. `cli` and `index.ts` see everything. */
const FOLDERS: Readonly<Record<string, Folder>> = {
  bytes: {},
  layout: { any: ['bytes'], types: ['finding'] },
  container: { any: ['bytes', 'layout'], types: ['finding'] },
  formats: { any: ['bytes', 'layout'], types: ['finding'] },
  finding: { any: ['bytes'] },
  infer: { any: ['bytes'] },
  formatfile: { any: ['bytes', 'layout', 'formats', 'finding'] },
  rules: { any: ['bytes', 'layout', 'finding', 'container'] },
  check: { any: BELOW_CHECK },
  targets: { any: ['container'] },
  corpus: { any: ['bytes'] },
  fuzz: {
    any: ['layout', 'finding', 'formats', 'targets', 'corpus', 'check', 'bytes'],
    types: ['rules'],
  },
  report: {
    any: ['finding', 'rules', 'bytes', 'layout', 'container'],
    types: ['check', 'formats', 'states', 'fuzz'],
  },
  dashboard: { any: ['finding', 'report'] },
  states: { any: ['bytes', 'layout', 'container', 'formats', 'check'], types: ['rules'] },
  policy: { any: ['bytes', 'finding', 'formats', 'formatfile', 'rules', 'targets'] },
  compat: { any: ['bytes', 'layout', 'container', 'formats', 'check', 'rules', 'targets'] },
  trust: { any: ['bytes', 'layout', 'finding', 'container'] },
  guard: { any: ['bytes', 'container', 'finding', 'rules', 'check'] },
};

const SEES_EVERYTHING = ['cli', 'index.ts'];

/** Where a package may be imported, as beginnings of paths below `src`. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli/'],
  chalk: ['cli/', 'report/text', 'report/tree', 'report/diff'],
  zod: ['policy/', 'corpus/', 'formatfile/', 'report/schema', 'compat/shape'],
  yaml: ['policy/', 'corpus/', 'formatfile/', 'cli/', 'compat/shape'],
  '@marcbachmann/cel-js': ['formatfile/'],
  'fast-check': ['fuzz/'],
};

/** Built-in modules that reach a network, or run text as code; neither is this program's to do. */
const BUILTINS: Readonly<Record<string, readonly string[]>> = {
  'node:dgram': [],
  'node:dns': [],
  'node:dns/promises': [],
  // The dashboard of a campaign listens; nothing here ever asks.
  'node:http': ['dashboard/'],
  'node:http2': [],
  'node:https': [],
  // A vfio-user server listens on a UNIX socket.
  'node:net': ['targets/', 'guard/', 'dashboard/'],
  'node:tls': [],
  'node:vm': ['cli/start.ts'],
};

/** Files that run the module that a person names: a target in JavaScript. */
const COMPUTED: readonly string[] = ['targets/module-device.ts'];

interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/**
 * Says what is wrong with the imports of one source file, one sentence each.
 *
 * @param file path below `src`, with forward slashes
 */
export function misplacedImports(file: string, text: string): string[] {
  const home = folderOf(file);
  if (!isKnown(home)) return [`src/${file}: the folder ${home} has no row in the import table`];
  return importsOf(file, text).flatMap(({ specifier, line, typeOnly }) => {
    const wrong = specifier.startsWith('.')
      ? wrongWithRelative(file, specifier, typeOnly)
      : wrongWithPackage(file, specifier);
    return wrong === undefined ? [] : [`src/${file}:${line}: ${wrong}`];
  });
}

function wrongWithRelative(file: string, specifier: string, typeOnly: boolean): string | undefined {
  const home = folderOf(file);
  const target = path.posix.join(path.posix.dirname(file), specifier);
  if (target === '../package.json' && home === 'cli') return undefined;
  if (target.startsWith('..')) return `${specifier} lies outside src`;
  if (!target.endsWith('.ts')) return `${specifier} does not name a .ts file`;

  const from = folderOf(target);
  if (from === home || SEES_EVERYTHING.includes(home)) return undefined;
  const { any = [], types = [] } = FOLDERS[home] ?? {};
  if (any.includes(from)) return undefined;
  if (!types.includes(from)) return `${home} may not import ${from}`;
  return typeOnly ? undefined : `${home} may import only types of ${from}`;
}

function wrongWithPackage(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('computed:') && COMPUTED.includes(file)) return undefined;
  if (specifier.startsWith('node:')) {
    const homes = BUILTINS[specifier];
    if (homes === undefined || homes.some((home) => file.startsWith(home))) return undefined;
    return `${specifier} is not imported in ${folderOf(file)}`;
  }
  if (builtinModules.includes(specifier)) return `${specifier} is written node:${specifier}`;

  const [scopeOrName = '', name = ''] = specifier.split('/');
  const packageName = scopeOrName.startsWith('@') ? `${scopeOrName}/${name}` : scopeOrName;
  const homes = PACKAGES[packageName];
  if (homes === undefined) return `the package ${packageName} has no row in the import table`;
  if (homes.some((home) => file.startsWith(home))) return undefined;
  return `the package ${packageName} is not imported in ${folderOf(file)}`;
}

/** The first part of a path below `src`: a folder, or the name of a file that lies in none. */
function folderOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function isKnown(folder: string): boolean {
  return SEES_EVERYTHING.includes(folder) || Object.hasOwn(FOLDERS, folder);
}

/** Static and dynamic imports, re-exports, and `import('…')` in the place of a type. */
function importsOf(file: string, text: string): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (node: ts.Expression | undefined, typeOnly: boolean): void => {
    if (node === undefined) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    // What is computed cannot be judged, so it is reported by the row that it lacks.
    const specifier = ts.isStringLiteralLike(node) ? node.text : `computed:${node.getText()}`;
    found.push({ specifier, line, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      // `import { type X }` still runs the module; only `import type` leaves no trace of it.
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
