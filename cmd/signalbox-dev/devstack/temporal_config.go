package devstack

import (
	"fmt"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/primitives"
)

const (
	temporalDB   = "temporal"
	visibilityDB = "temporal_visibility"

	// historyShards is fixed when the data is made. Four keep two cores busy;
	// each one costs queue readers that poll.
	historyShards = 4

	clusterName = "active"
)

// temporalPorts are the listeners of the four services, on loopback.
type temporalPorts struct {
	frontend, history, matching, worker int
}

func (p temporalPorts) byService() map[primitives.ServiceName]int {
	return map[primitives.ServiceName]int{
		primitives.FrontendService: p.frontend,
		primitives.HistoryService:  p.history,
		primitives.MatchingService: p.matching,
		primitives.WorkerService:   p.worker,
	}
}

// staticHosts tells each service where the others are. With fixed addresses
// nothing gossips and nothing is left in the database of a run that was killed,
// for a restart to wait on.
func (p temporalPorts) staticHosts() map[primitives.ServiceName]static.Hosts {
	hosts := map[primitives.ServiceName]static.Hosts{}
	for service, port := range p.byService() {
		hosts[service] = static.SingleLocalHost(hostPort(port))
	}
	return hosts
}

func temporalConfig(p temporalPorts, stores map[string]config.DataStore) *config.Config {
	services := map[string]config.Service{}
	for service, port := range p.byService() {
		services[string(service)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback}}
	}
	frontend := hostPort(p.frontend)
	c := &config.Config{
		Persistence: config.Persistence{
			DefaultStore:     temporalDB,
			VisibilityStore:  visibilityDB,
			NumHistoryShards: historyShards,
			DataStores:       stores,
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		PublicClient:        config.PublicClient{HostPort: frontend},
	}
	c.Global.Membership.BroadcastAddress = loopback
	c.Archival.History.State = "disabled"
	c.Archival.Visibility.State = "disabled"
	c.NamespaceDefaults.Archival.History.State = "disabled"
	c.NamespaceDefaults.Archival.Visibility.State = "disabled"
	return c
}

// temporalStores describe the two databases to Temporal. Each of the four
// services opens pools of its own, so what the server sees is at most four
// times the sum of the limits here; that leaves it connections for the app.
func temporalStores(serverDSN string) (map[string]config.DataStore, error) {
	c, err := pgx.ParseConfig(serverDSN)
	if err != nil {
		return nil, fmt.Errorf("read the Postgres DSN: %w", err)
	}
	if len(c.Host) > 0 && c.Host[0] == '/' {
		return nil, fmt.Errorf("the Postgres DSN names the socket folder %s: Temporal needs a TCP address", c.Host)
	}
	sslmode := "disable"
	if c.TLSConfig != nil {
		sslmode = "require"
	}
	store := func(database string, conns int) config.DataStore {
		return config.DataStore{SQL: &config.SQL{
			PluginName:        postgresql.PluginNamePGX,
			DatabaseName:      database,
			ConnectAddr:       net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))),
			ConnectProtocol:   "tcp",
			ConnectAttributes: map[string]string{"sslmode": sslmode},
			User:              c.User,
			Password:          c.Password,
			MaxConns:          conns,
			MaxIdleConns:      conns,
		}}
	}
	return map[string]config.DataStore{
		temporalDB:   store(temporalDB, 20),
		visibilityDB: store(visibilityDB, 5),
	}, nil
}

// unlimited is more a second than any developer's machine does.
const unlimited = 1_000_000

// dynamicSettings suit one developer on one machine: nothing is throttled,
// nothing asks the internet for anything, and what would sweep up after a large
// installation stays off.
func dynamicSettings() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.FrontendRPS.Key():                                                        unlimited,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                                 unlimited,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key():                       unlimited,
		dynamicconfig.FrontendNamespaceReplicationInducingAPIsRPS.Key():                        unlimited,
		dynamicconfig.FrontendMaxNamespaceNamespaceReplicationInducingAPIsRPSPerInstance.Key(): unlimited,
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key():                unlimited,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                                          unlimited,
		dynamicconfig.HistoryRPS.Key():                                                         unlimited,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                                           unlimited,
		dynamicconfig.MatchingRPS.Key():                                                        unlimited,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                                          unlimited,
		dynamicconfig.WorkerPersistenceMaxQPS.Key():                                            unlimited,
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key():                                    unlimited,
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key():                                   unlimited,

		dynamicconfig.EnableServerVersionCheck.Key(): false,

		dynamicconfig.TaskQueueScannerEnabled.Key(): false,
		dynamicconfig.HistoryScannerEnabled.Key():   false,

		dynamicconfig.HistoryCacheHostLevelMaxSize.Key(): 4096,

		// One partition a task queue: with one matching host, more of them only
		// keep a task and its poller apart.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	}
}
