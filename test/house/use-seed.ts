import fc from 'fast-check';

/** Every property of a run starts from the one seed that the run printed. */
fc.configureGlobal({ seed: Number(process.env.VSTATE_SEED) });
