package main

import (
	"path"
	"strings"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// machine is what a virtual machine has beside govmomi's metadata.
type machine struct {
	// mu is held by whatever changes disks or snapshots. govmomi's own lock on the object is taken within it.
	mu        sync.Mutex
	vm        *simulator.VirtualMachine
	disks     map[int32]*disk
	snapshots map[types.ManagedObjectReference]map[int32]point
	guest     guest
	// exports counts the leases that are open.
	exports int
}

// point is where a disk was when a snapshot was taken of it.
type point struct {
	layer *layer
	epoch string
	// number is 0 if nothing was tracked.
	number int
}

// machines knows those that have been asked about, and whose file is which.
type machines struct {
	mu    sync.Mutex
	known map[types.ManagedObjectReference]*machine
	files map[string]use
}

type use struct {
	machine *machine
	disk    *disk
	layer   *layer
}

// of gives the machine of a virtual machine or a snapshot, nil for anything else.
func (all *machines) of(ref types.ManagedObjectReference) *machine {
	switch found := simulator.Map.Get(ref).(type) {
	case *simulator.VirtualMachine:
		return all.adopt(found)
	case *simulator.VirtualMachineSnapshot:
		return all.of(found.Vm)
	}
	return nil
}

// adopt looks for disks that were not there before. Files that are empty are given what belongs into them.
func (all *machines) adopt(vm *simulator.VirtualMachine) *machine {
	all.mu.Lock()
	defer all.mu.Unlock()
	m := all.known[vm.Self]
	if m == nil {
		m = &machine{vm: vm, disks: map[int32]*disk{}, snapshots: map[types.ManagedObjectReference]map[int32]point{}}
		m.guest.shutdown = defaultShutdown
		all.known[vm.Self] = m
	}
	devices := m.diskDevices()
	all.prune(m, devices)
	for _, device := range devices {
		if m.disks[device.Key] != nil {
			continue
		}
		backing, ok := device.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if !ok {
			continue
		}
		descriptor := m.fileOf(backing.FileName)
		if descriptor == "" {
			continue
		}
		base := &layer{name: backing.FileName, descriptor: descriptor, data: dataFileOf(descriptor, false)}
		d := &disk{key: device.Key, size: sizeOf(device), layers: []*layer{base}}
		if base.ensureFiles(d.size) == nil {
			m.disks[device.Key] = d
			all.files[base.data] = use{m, d, base}
		}
	}
	return m
}

// prune forgets the disks that were taken out.
func (all *machines) prune(m *machine, devices []*types.VirtualDisk) {
	there := map[int32]bool{}
	for _, device := range devices {
		there[device.Key] = true
	}
	for key, d := range m.disks {
		if !there[key] {
			for _, l := range d.layers {
				delete(all.files, l.data)
			}
			delete(m.disks, key)
		}
	}
}

func (all *machines) learn(m *machine, d *disk, l *layer) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.files[l.data] = use{m, d, l}
}

func (all *machines) forgetLayer(l *layer) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.files, l.data)
}

func (all *machines) forget(ref types.ManagedObjectReference) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if m := all.known[ref]; m != nil {
		for file, used := range all.files {
			if used.machine == m {
				delete(all.files, file)
			}
		}
		delete(all.known, ref)
	}
}

// user is who has a file, if it holds the data of a disk.
func (all *machines) user(file string) (use, bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	found, ok := all.files[file]
	return found, ok
}

func (m *machine) running() bool {
	state := types.VirtualMachinePowerStatePoweredOff
	simulator.Map.WithLock(m.vm, func() { state = m.vm.Runtime.PowerState })
	return state == types.VirtualMachinePowerStatePoweredOn
}

func (m *machine) devices() (devices []types.BaseVirtualDevice) {
	simulator.Map.WithLock(m.vm, func() { devices = m.vm.Config.Hardware.Device })
	return
}

func (m *machine) diskDevices() (disks []*types.VirtualDisk) {
	for _, device := range m.devices() {
		if disk, ok := device.(*types.VirtualDisk); ok {
			disks = append(disks, disk)
		}
	}
	return
}

func (m *machine) hostName() string {
	if ref := m.vm.Runtime.Host; ref != nil {
		if host, ok := simulator.Map.Get(*ref).(*simulator.HostSystem); ok {
			return host.Name
		}
	}
	return ""
}

// fileOf is where a file of a datastore is on this machine.
func (m *machine) fileOf(name string) string {
	var at object.DatastorePath
	if !at.FromString(name) {
		return ""
	}
	for _, ref := range m.vm.Datastore {
		if store, ok := simulator.Map.Get(ref).(*simulator.Datastore); ok && store.Name == at.Datastore {
			return path.Join(store.Info.GetDatastoreInfo().Url, at.Path)
		}
	}
	return ""
}

func sizeOf(device *types.VirtualDisk) int64 {
	if device.CapacityInBytes != 0 {
		return device.CapacityInBytes
	}
	return device.CapacityInKB * 1024
}

func independent(device *types.VirtualDisk) bool {
	backing, ok := device.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	return !ok || strings.HasPrefix(backing.DiskMode, "independent")
}
