import { useGraphiQL } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useEffect, useMemo, useRef } from 'react';
import { examples } from './examples.js';
import { createFetcher } from './fetcher.js';

// What the variable editor holds scalars against.
const scalars = {
  Map: { type: 'object' },
  Time: { type: 'string' },
};

export function Playground({ endpoint, headers }) {
  const variableEditor = useRef(null);
  const fetcher = useMemo(
    () =>
      createFetcher({
        endpoint,
        defaultHeaders: headers,
        variablesText: () => variableEditor.current?.getValue() ?? '',
      }),
    [endpoint, headers],
  );

  return (
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={examples}
      defaultHeaders={headers && JSON.stringify(headers, null, 2)}
      defaultEditorToolsVisibility="variables"
      customScalarSchemas={scalars}
    >
      <GraphiQL.Logo>Signalbox</GraphiQL.Logo>
      <VariableEditorRef into={variableEditor} />
    </GraphiQL>
  );
}

/** Lends the fetcher the variable editor, which GraphiQL shares with its children only. */
function VariableEditorRef({ into }) {
  const editor = useGraphiQL((state) => state.variableEditor);
  useEffect(() => {
    into.current = editor;
  }, [into, editor]);
  return null;
}
