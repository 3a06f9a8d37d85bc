package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// vddkOpen is what a client of VMware's library asks a host for; the stand-in of nbdkit's plugin passes it on.
type vddkOpen struct {
	User     string `json:"user"`
	Password string `json:"password"`
	VM       string `json:"vm"`
	Snapshot string `json:"snapshot"`
	File     string `json:"file"`
}

// serveVDDK answers with three lines: a file of this machine with the disk's content, how many bytes a second it is to be
// read at, and after how many reading is to fail (0: neither). What is refused, is so in the library's words.
func (s *server) serveVDDK(w http.ResponseWriter, r *http.Request) {
	var wanted vddkOpen
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.log.mu.Lock()
	s.log.calls = append(s.log.calls, logged{time.Now(), "VDDK open", wanted.VM + " " + wanted.Snapshot + " " + wanted.File, ""})
	s.log.mu.Unlock()
	path, err := s.openVDDK(wanted)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	var rate, cut int64
	if slow := s.faults.takeTransfer("slow", "vddk", wanted.File); slow != nil {
		rate = slow.BytesPerSecond
	}
	if broken := s.faults.takeTransfer("cut", "vddk", wanted.File); broken != nil {
		cut = broken.AfterBytes
	}
	fmt.Fprintf(w, "%s\n%d\n%d\n", path, rate, cut)
}

func (s *server) openVDDK(wanted vddkOpen) (string, error) {
	if wanted.User != s.user || wanted.Password != s.password {
		return "", fmt.Errorf("VixDiskLib_ConnectEx: Cannot complete login due to an incorrect user name or password")
	}
	m := s.machines.of(types.ManagedObjectReference{Type: "VirtualMachine", Value: wanted.VM})
	if m == nil {
		return "", fmt.Errorf("VixDiskLib_ConnectEx: The virtual machine cannot be found")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if wanted.Snapshot == "" {
		return m.openAtRest(wanted.File)
	}
	taken, ok := m.snapshots[types.ManagedObjectReference{Type: "VirtualMachineSnapshot", Value: wanted.Snapshot}]
	if !ok {
		return "", fmt.Errorf("VixDiskLib_ConnectEx: The snapshot cannot be found")
	}
	for key, at := range taken {
		if at.layer.name == wanted.File {
			path, _, err := m.disks[key].flatten(at.layer)
			return path, err
		}
	}
	return "", fmt.Errorf("VixDiskLib_Open: %s: The file specified is not a disk of the snapshot", wanted.File)
}

// openAtRest opens the topmost file of a disk, with what lies below it; a machine that runs has it locked.
func (m *machine) openAtRest(file string) (string, error) {
	for _, d := range m.disks {
		if d.top().name != file {
			continue
		}
		if m.running() {
			return "", fmt.Errorf("VixDiskLib_Open: %s: Failed to lock the file", file)
		}
		path, _, err := d.flatten(d.top())
		return path, err
	}
	return "", fmt.Errorf("VixDiskLib_Open: %s: The file specified is not a virtual disk", file)
}
