/** What the commands do: everything that help and version can do without. */
import { keepHeapSmall } from './memory.ts';

export { listFormats, listRules, showFormat, showRule } from './catalogue.ts';
export { runCheck } from './check.ts';
export { checkPolicy, showPolicy } from './policy.ts';
export { runInspect } from './inspect.ts';
export { runDecode, runDiff, runEncode, runExtract, runRedact } from './states.ts';

keepHeapSmall();
