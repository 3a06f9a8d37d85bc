package main

import (
	"fmt"
	"math/rand"
	"path"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// tracking is what ESXi keeps of a disk in its -ctk file: which grains were written between two stuns.
type tracking struct {
	// epoch is told apart from that of any other disk, and of this one before its tracking was reset.
	epoch string
	// now is the number of the time between two stuns that goes on.
	now     int
	changed map[int]map[int64]bool
}

func newTracking() *tracking {
	epoch := "52"
	for i := 0; i < 15; i++ {
		between := " "
		if i == 7 {
			between = "-"
		}
		epoch += fmt.Sprintf("%s%02x", between, rand.Intn(256))
	}
	return &tracking{epoch: epoch, now: 1, changed: map[int]map[int64]bool{}}
}

func (t *tracking) note(g int64) {
	if t.changed[t.now] == nil {
		t.changed[t.now] = map[int64]bool{}
	}
	t.changed[t.now][g] = true
}

func changeID(epoch string, number int) string { return fmt.Sprintf("%s/%d", epoch, number) }

// since lists the grains that were written after one stun and before another.
func (t *tracking) since(from, until int) []int64 {
	found := map[int64]bool{}
	for number := from + 1; number <= until; number++ {
		for g := range t.changed[number] {
			found[g] = true
		}
	}
	return inOrder(found)
}

func (s *server) queryChangedDiskAreas(c *call) soap.HasFault {
	req := c.request.(*types.QueryChangedDiskAreas)
	body := &methods.QueryChangedDiskAreasBody{}
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	found, fault := m.changedAreas(req, s.areaCap)
	if fault != nil {
		body.Fault_ = simulator.Fault(messageOf(fault), fault)
		return body
	}
	body.Res = &types.QueryChangedDiskAreasResponse{Returnval: *found}
	return body
}

func (m *machine) changedAreas(req *types.QueryChangedDiskAreas, cap int) (*types.DiskChangeInfo, types.BaseMethodFault) {
	d := m.disks[req.DeviceKey]
	if d == nil {
		return nil, &types.InvalidArgument{InvalidProperty: "deviceKey"}
	}
	if req.StartOffset < 0 || req.StartOffset >= d.size {
		return nil, &types.InvalidArgument{InvalidProperty: "startOffset"}
	}
	at, fault := m.pointOf(req.Snapshot, d)
	if fault != nil {
		return nil, fault
	}
	unusable := &types.FileFault{File: "/vmfs/volumes/" + vmfsPath(d.layers[0].name)}
	if d.track == nil || at.number == 0 || at.epoch != d.track.epoch {
		return nil, unusable
	}
	if req.ChangeId == "*" {
		grains, err := d.allocated(at.layer)
		if err != nil {
			return nil, unusable
		}
		return areas(grains, req.StartOffset, d.size, cap), nil
	}
	slash := strings.LastIndexByte(req.ChangeId, '/')
	if slash < 0 {
		return nil, &types.InvalidArgument{InvalidProperty: "changeId"}
	}
	from, err := strconv.Atoi(req.ChangeId[slash+1:])
	if err != nil || from < 1 {
		return nil, &types.InvalidArgument{InvalidProperty: "changeId"}
	}
	if req.ChangeId[:slash] != at.epoch || from > at.number {
		return nil, unusable
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return areas(d.track.since(from, at.number), req.StartOffset, d.size, cap), nil
}

// pointOf is when a snapshot was taken of a disk. Without one it is now, which a running machine does not tell.
func (m *machine) pointOf(snapshot *types.ManagedObjectReference, d *disk) (point, types.BaseMethodFault) {
	if snapshot != nil {
		at, ok := m.snapshots[*snapshot][d.key]
		if !ok {
			return point{}, &types.InvalidArgument{InvalidProperty: "snapshot"}
		}
		return at, nil
	}
	if m.running() {
		return point{}, &types.FileFault{File: "/vmfs/volumes/" + vmfsPath(d.top().name)}
	}
	now := point{layer: d.top()}
	if d.track != nil {
		now.epoch, now.number = d.track.epoch, d.track.now
	}
	return now, nil
}

func vmfsPath(name string) string {
	at := strings.Index(name, "] ")
	if !strings.HasPrefix(name, "[") || at < 0 {
		return name
	}
	return path.Join(name[1:at], name[at+2:])
}

// areas joins neighbours and ends early after `cap` of them: what it covers says where to ask on.
func areas(grains []int64, from, size int64, cap int) *types.DiskChangeInfo {
	told := &types.DiskChangeInfo{StartOffset: from, Length: size - from}
	for i := 0; i < len(grains); {
		first := i
		for i++; i < len(grains) && grains[i] == grains[i-1]+1; i++ {
		}
		start, end := grains[first]*grain, (grains[i-1]+1)*grain
		if end > size {
			end = size
		}
		if start < from {
			start = from
		}
		if end <= from {
			continue
		}
		told.ChangedArea = append(told.ChangedArea, types.DiskChangeExtent{Start: start, Length: end - start})
		if len(told.ChangedArea) == cap && i < len(grains) {
			told.Length = end - from
			break
		}
	}
	return told
}
