import './nonce.js';
import './workers.js';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.js';
import { rememberFirstTab } from './first-visit.js';
import { Playground } from './playground.jsx';
import '@graphiql/react/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import 'graphiql/graphiql.css';
import './style.css';

rememberFirstTab(examples[0]);

const root = document.getElementById('playground');
createRoot(root).render(<Playground {...JSON.parse(root.dataset.config)} />);
