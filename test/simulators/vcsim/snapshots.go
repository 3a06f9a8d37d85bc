package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// deepestChain is how many snapshots in a row ESXi takes.
const deepestChain = 32

func (s *server) createSnapshot(c *call) soap.HasFault {
	req := c.request.(*types.CreateSnapshot_Task)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	task := s.startTask(req.This, "createSnapshot", func() (types.AnyType, types.BaseMethodFault) {
		m.mu.Lock()
		defer m.mu.Unlock()
		return s.takeSnapshot(m, req)
	})
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: task}}
}

// takeSnapshot leaves the metadata to govmomi and freezes the disks.
func (s *server) takeSnapshot(m *machine, req *types.CreateSnapshot_Task) (types.AnyType, types.BaseMethodFault) {
	if len(m.snapshots) >= deepestChain {
		return nil, &types.TooManySnapshotLevels{}
	}
	devices := m.diskDevices()
	var result types.AnyType
	var fault types.BaseMethodFault
	simulator.Map.WithLock(m.vm, func() { result, fault = outcome(m.vm.CreateSnapshotTask(req)) })
	if fault != nil {
		return nil, fault
	}
	ref := result.(types.ManagedObjectReference)
	// The guest stands still for all its disks at once.
	for _, d := range m.disks {
		d.mu.Lock()
		defer d.mu.Unlock()
	}
	m.followTracking()
	taken := map[int32]point{}
	for _, device := range devices {
		d := m.disks[device.Key]
		if d == nil || independent(device) {
			continue
		}
		at := point{layer: d.top()}
		if d.track != nil {
			at.epoch, at.number = d.track.epoch, d.track.now
			d.track.now++
		}
		next := nextLayer(d.layers[0])
		if err := d.freeze(next); err != nil {
			return nil, &types.FileFault{File: next.name}
		}
		taken[d.key] = at
		s.machines.learn(m, d, next)
	}
	m.snapshots[ref] = taken
	m.showDisks()
	return ref, nil
}

// followTracking begins or ends the tracking of changes, which takes effect whenever the machine stands still.
func (m *machine) followTracking() {
	wanted := m.vm.Config.ChangeTrackingEnabled
	for _, d := range m.disks {
		switch {
		case wanted == nil || !*wanted:
			d.track = nil
		case d.track == nil:
			d.track = newTracking()
		}
	}
}

func nextLayer(base *layer) *layer {
	for number := 1; ; number++ {
		suffix := fmt.Sprintf("-%06d.vmdk", number)
		descriptor := strings.TrimSuffix(base.descriptor, ".vmdk") + suffix
		if _, err := os.Stat(descriptor); os.IsNotExist(err) {
			name := strings.TrimSuffix(base.name, ".vmdk") + suffix
			return &layer{name: name, descriptor: descriptor, data: dataFileOf(descriptor, true)}
		}
	}
}

// showDisks tells in the machine's and in the snapshots' configuration which files there are now.
func (m *machine) showDisks() {
	live := map[int32]point{}
	for key, d := range m.disks {
		at := point{layer: d.top()}
		if d.track != nil {
			at.epoch, at.number = d.track.epoch, d.track.now
		}
		live[key] = at
	}
	simulator.Map.WithLock(m.vm, func() {
		shown := m.withBackings(m.vm.Config.Hardware.Device, live)
		simulator.Map.Update(m.vm, []types.PropertyChange{{Name: "config.hardware.device", Val: shown}})
	})
	for ref, taken := range m.snapshots {
		if snapshot, ok := simulator.Map.Get(ref).(*simulator.VirtualMachineSnapshot); ok {
			simulator.Map.WithLock(snapshot, func() {
				snapshot.Config.Hardware.Device = m.withBackings(snapshot.Config.Hardware.Device, taken)
			})
		}
	}
}

// withBackings copies what it changes, for a machine and its snapshots share their devices in govmomi.
func (m *machine) withBackings(devices []types.BaseVirtualDevice, points map[int32]point) []types.BaseVirtualDevice {
	shown := make([]types.BaseVirtualDevice, len(devices))
	for i, device := range devices {
		shown[i] = device
		old, isDisk := device.(*types.VirtualDisk)
		if !isDisk {
			continue
		}
		like, isFlat := old.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		at, known := points[old.Key]
		if !isFlat || !known {
			continue
		}
		copied := *old
		copied.Backing = m.disks[old.Key].backing(like, at)
		shown[i] = &copied
	}
	return shown
}

func (d *disk) backing(like *types.VirtualDiskFlatVer2BackingInfo, at point) *types.VirtualDiskFlatVer2BackingInfo {
	var chain *types.VirtualDiskFlatVer2BackingInfo
	for _, l := range d.layers[:d.indexOf(at.layer)+1] {
		next := *like
		next.FileName, next.Parent, next.ChangeId = l.name, chain, ""
		chain = &next
	}
	if at.number > 0 {
		chain.ChangeId = changeID(at.epoch, at.number)
	}
	return chain
}

func (s *server) removeSnapshot(c *call) soap.HasFault {
	req := c.request.(*types.RemoveSnapshot_Task)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	task := s.startTask(req.This, "removeSnapshot", func() (types.AnyType, types.BaseMethodFault) {
		m.mu.Lock()
		defer m.mu.Unlock()
		snapshot, ok := simulator.Map.Get(req.This).(*simulator.VirtualMachineSnapshot)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: req.This}
		}
		going := []types.ManagedObjectReference{req.This}
		if req.RemoveChildren {
			going = append(going, below(snapshot)...)
		}
		return nil, s.takeAway(m, going, func() soap.HasFault {
			return snapshot.RemoveSnapshotTask(context(req.This), req)
		})
	})
	return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: task}}
}

func below(snapshot *simulator.VirtualMachineSnapshot) (refs []types.ManagedObjectReference) {
	for _, ref := range snapshot.ChildSnapshot {
		if child, ok := simulator.Map.Get(ref).(*simulator.VirtualMachineSnapshot); ok {
			refs = append(append(refs, ref), below(child)...)
		}
	}
	return
}

func (s *server) removeAllSnapshots(c *call) soap.HasFault {
	req := c.request.(*types.RemoveAllSnapshots_Task)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	task := s.startTask(req.This, "removeAllSnapshots", func() (types.AnyType, types.BaseMethodFault) {
		m.mu.Lock()
		defer m.mu.Unlock()
		var going []types.ManagedObjectReference
		for ref := range m.snapshots {
			going = append(going, ref)
		}
		return nil, s.takeAway(m, going, func() (body soap.HasFault) {
			simulator.Map.WithLock(m.vm, func() { body = m.vm.RemoveAllSnapshotsTask(context(req.This), req) })
			return
		})
	})
	return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{Returnval: task}}
}

// takeAway consolidates what the snapshots had frozen, then lets govmomi remove their metadata.
func (s *server) takeAway(m *machine, going []types.ManagedObjectReference, metadata func() soap.HasFault) types.BaseMethodFault {
	if m.exports > 0 {
		return &types.TaskInProgress{}
	}
	for _, ref := range going {
		for key, at := range m.snapshots[ref] {
			d := m.disks[key]
			gone, err := d.consolidate(at.layer)
			if err != nil {
				return &types.FileFault{File: at.layer.name}
			}
			s.machines.forgetLayer(gone)
			m.moveDown(key, gone, at.layer)
		}
		delete(m.snapshots, ref)
	}
	m.showDisks()
	_, fault := outcome(metadata())
	return fault
}

// moveDown lets those who had frozen a layer that is gone have the one that took it in.
func (m *machine) moveDown(key int32, gone, into *layer) {
	for _, taken := range m.snapshots {
		if at, ok := taken[key]; ok && at.layer == gone {
			at.layer = into
			taken[key] = at
		}
	}
}

// refuseRevert keeps govmomi from going back in its metadata alone: the disks would stay as they are.
func (s *server) refuseRevert(c *call) soap.HasFault {
	return notSupported("Going back to a snapshot is not simulated.")
}
