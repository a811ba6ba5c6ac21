// Monaco's three workers in one file: they share most of their code, and as files of
// their own each would carry it again. A worker learns by its name which one it is.
import LanguageWorker from './worker.js?worker';

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new LanguageWorker({ name: label }),
};
