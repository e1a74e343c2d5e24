/** The exit code of a sanitizer that has reported; told apart from the target's own by the report. */
const EXIT_CODE = 86;

/**
 * The variables by which sanitizers die with a report at the first fault. Reports name addresses:
 * a program that looks up their names would take a hundred times as long as the execution, for each
 * crash anew, so names are looked up here and kept.
 *
 * @param memory bytes; one allocation of more is a fault
 */
export const sanitizerEnvironment = (memory: number): Readonly<Record<string, string>> => {
  const common = `exitcode=${EXIT_CODE}:symbolize=0:abort_on_error=0:disable_coredump=1:color=never`;
  const limit = `max_allocation_size_mb=${Math.max(1, Math.floor(memory / 2 ** 20))}`;
  return {
    ASAN_OPTIONS: `${common}:handle_abort=1:handle_sigill=1:detect_leaks=0:${limit}`,
    UBSAN_OPTIONS: `${common}:halt_on_error=1:print_stacktrace=1`,
    MSAN_OPTIONS: `${common}:${limit}`,
    TSAN_OPTIONS: `${common}:halt_on_error=1`,
    LSAN_OPTIONS: `${common}:detect_leaks=0`,
  };
};
