package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The raw side of accepting: the same rows into the same table as a program would
// insert them that had nothing else to do. Prepared, binary, one round trip, one
// transaction and one synchronous commit a statement; columns that would be NULL
// are left out.

const insertOne = `
INSERT INTO events (tenant_id, id, type, operation, entity_id, data)
VALUES ($1, $2, $3, $4, $5, $6)`

const insertMany = `
INSERT INTO events (tenant_id, id, type, operation, entity_id, data)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::json[])`

func (g *generator) inserter(ctx context.Context, _ job) (operation, error) {
	conn, err := g.prepared(ctx, insertOne)
	if err != nil {
		return operation{}, err
	}
	var data []byte
	return operation{
		close: func() { _ = conn.Close(context.Background()) },
		do: func(ctx context.Context) error {
			entity := nextEntity()
			data = appendData(data[:0], entity)
			_, err := conn.Exec(ctx, "raw", g.Tenant, newID(), eventType, operationAccepted, entity, data)
			return err
		},
	}, nil
}

func (g *generator) bulkInserter(ctx context.Context, _ job) (operation, error) {
	conn, err := g.prepared(ctx, insertMany)
	if err != nil {
		return operation{}, err
	}
	var (
		ids      = make([][16]byte, bulkSize)
		types    = make([]string, bulkSize)
		names    = make([]string, bulkSize)
		entities = make([]string, bulkSize)
		data     = make([][]byte, bulkSize)
	)
	return operation{
		close: func() { _ = conn.Close(context.Background()) },
		do: func(ctx context.Context) error {
			for i := range bulkSize {
				ids[i], types[i], names[i], entities[i] = newID(), eventType, operationAccepted, nextEntity()
				data[i] = appendData(data[i][:0], entities[i])
			}
			_, err := conn.Exec(ctx, "raw", g.Tenant, ids, types, names, entities, data)
			return err
		},
	}, nil
}

func (g *generator) prepared(ctx context.Context, sql string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, g.Stack.Postgres)
	if err != nil {
		return nil, err
	}
	_, err = conn.Prepare(ctx, "raw", sql)
	return conn, err
}

func newID() [16]byte { return uuid.Must(uuid.NewV7()) }
