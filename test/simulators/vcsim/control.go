package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// serveControl answers tests on a port of its own; nothing of it is part of vSphere.
func (s *server) serveControl() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/write", order(s.write))
	routes.HandleFunc("/faults", order(s.addFault))
	routes.HandleFunc("/guest", order(s.setGuest))
	routes.HandleFunc("/datastore", order(setDatastore))
	routes.HandleFunc("/host", order(s.setHost))
	routes.HandleFunc("/privileges", order(s.setPrivileges))
	routes.HandleFunc("/vddk", s.serveVDDK)
	routes.HandleFunc("/log", tell(func() interface{} { return s.log.all() }))
	routes.HandleFunc("/state", tell(func() interface{} { return s.state() }))
	go func() { _ = http.Serve(listener, routes) }()
	return "http://" + listener.Addr().String(), nil
}

// order reads one JSON object and does what it says. Fields that nobody knows are refused: they are mistakes of a test.
func order[T any](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var wanted T
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&wanted)
		if err == nil {
			err = do(wanted)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func tell(what func() interface{}) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(what())
	}
}

type hostFacts struct {
	VM        string `json:"vm"`
	Connected bool   `json:"connected"`
}

// setHost says whether the vCenter reaches the host of a machine, and so the machine.
func (s *server) setHost(facts hostFacts) error {
	m, err := s.named(facts.VM)
	if err != nil {
		return err
	}
	host := types.HostSystemConnectionStateNotResponding
	vm := types.VirtualMachineConnectionStateDisconnected
	if facts.Connected {
		host, vm = types.HostSystemConnectionStateConnected, types.VirtualMachineConnectionStateConnected
	}
	if found, ok := simulator.Map.Get(*m.vm.Runtime.Host).(*simulator.HostSystem); ok {
		simulator.Map.WithLock(found, func() {
			simulator.Map.Update(found, []types.PropertyChange{{Name: "runtime.connectionState", Val: host}})
		})
	}
	simulator.Map.WithLock(m.vm, func() {
		simulator.Map.Update(m.vm, []types.PropertyChange{{Name: "runtime.connectionState", Val: vm}})
	})
	return nil
}

type guestWrite struct {
	VM      string `json:"vm"`
	DiskKey int32  `json:"diskKey"`
	Offset  int64  `json:"offset"`
	Base64  []byte `json:"base64"`
}

func (s *server) write(wanted guestWrite) error {
	m, err := s.named(wanted.VM)
	if err != nil {
		return err
	}
	if !m.running() {
		return fmt.Errorf("%s does not run", wanted.VM)
	}
	m.mu.Lock()
	d := m.disks[wanted.DiskKey]
	m.mu.Unlock()
	if d == nil {
		return fmt.Errorf("%s has no disk %d", wanted.VM, wanted.DiskKey)
	}
	return d.write(wanted.Offset, wanted.Base64)
}

// addFault does at once what has nothing to wait for.
func (s *server) addFault(one fault) error {
	switch one.Kind {
	case "dropSessions":
		s.dropSessions()
	case "expireLeases":
		s.leases.Range(func(_, lease interface{}) bool {
			lease.(*ExportLease).expire()
			return true
		})
	case "resetTracking":
		m, err := s.named(one.VM)
		if err != nil {
			return err
		}
		m.resetTracking()
	case "clear":
		s.faults.clear()
	default:
		return s.faults.add(one)
	}
	return nil
}

// resetTracking is what a crash of the host does: what was tracked is gone, and older changeIds are good for nothing.
func (m *machine) resetTracking() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.disks {
		d.mu.Lock()
		if d.track != nil {
			d.track = newTracking()
		}
		d.mu.Unlock()
	}
	m.showDisks()
}

type datastoreFacts struct {
	Name      string `json:"name"`
	FreeBytes int64  `json:"freeBytes"`
}

func setDatastore(facts datastoreFacts) error {
	for _, entity := range simulator.Map.All("Datastore") {
		store := entity.(*simulator.Datastore)
		if store.Name != facts.Name {
			continue
		}
		simulator.Map.WithLock(store, func() {
			store.Info.GetDatastoreInfo().FreeSpace = facts.FreeBytes
			simulator.Map.Update(store, []types.PropertyChange{{Name: "summary.freeSpace", Val: facts.FreeBytes}})
		})
		return nil
	}
	return fmt.Errorf("no datastore is called %q", facts.Name)
}

// named finds a machine by its name or by the value of its reference.
func (s *server) named(name string) (*machine, error) {
	if m := s.machines.of(types.ManagedObjectReference{Type: "VirtualMachine", Value: name}); m != nil {
		return m, nil
	}
	for _, entity := range simulator.Map.All("VirtualMachine") {
		if vm := entity.(*simulator.VirtualMachine); vm.Name == name {
			return s.machines.adopt(vm), nil
		}
	}
	return nil, fmt.Errorf("no machine is called %q", name)
}

type shownState struct {
	Sessions   []shownSession   `json:"sessions"`
	Leases     []shownLease     `json:"leases"`
	Snapshots  []shownSnapshot  `json:"snapshots"`
	Hosts      map[string]load  `json:"hosts"`
	Datastores []shownDatastore `json:"datastores"`
}

type shownSession struct {
	User      string `json:"user"`
	UserAgent string `json:"userAgent"`
}

type shownLease struct {
	VM       string `json:"vm"`
	State    string `json:"state"`
	Progress int32  `json:"progress"`
}

type shownSnapshot struct {
	VM   string `json:"vm"`
	Name string `json:"name"`
	Ref  string `json:"ref"`
}

type shownDatastore struct {
	Name   string `json:"name"`
	Folder string `json:"folder"`
}

func (s *server) state() shownState {
	shown := shownState{
		Sessions: []shownSession{}, Leases: []shownLease{}, Snapshots: []shownSnapshot{},
		Hosts: s.transfers.loads(), Datastores: []shownDatastore{},
	}
	for _, session := range sessions() {
		shown.Sessions = append(shown.Sessions, shownSession{session.UserName, session.UserAgent})
	}
	s.leases.Range(func(_, kept interface{}) bool {
		lease := kept.(*ExportLease)
		simulator.Map.WithLock(lease, func() {
			shown.Leases = append(shown.Leases, shownLease{lease.machine.vm.Name, string(lease.State), lease.TransferProgress})
		})
		return true
	})
	for _, entity := range simulator.Map.All("VirtualMachine") {
		vm := entity.(*simulator.VirtualMachine)
		simulator.Map.WithLock(vm, func() {
			if vm.Snapshot != nil {
				shown.Snapshots = append(shown.Snapshots, inTree(vm.Name, vm.Snapshot.RootSnapshotList)...)
			}
		})
	}
	for _, entity := range simulator.Map.All("Datastore") {
		store := entity.(*simulator.Datastore)
		shown.Datastores = append(shown.Datastores, shownDatastore{store.Name, store.Info.GetDatastoreInfo().Url})
	}
	return shown
}

func inTree(vm string, tree []types.VirtualMachineSnapshotTree) (found []shownSnapshot) {
	for _, node := range tree {
		found = append(found, shownSnapshot{vm, node.Name, node.Snapshot.Value})
		found = append(found, inTree(vm, node.ChildSnapshotList)...)
	}
	return
}
