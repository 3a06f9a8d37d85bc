package main

import (
	"crypto/sha1"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const nfcPrefix = "/nfc/"

// ExportLease is what a client holds while it reads the disks of a machine. Its fields other than govmomi's are not
// read by clients.
type ExportLease struct {
	mo.HttpNfcLease

	server  *server
	machine *machine
	timeout time.Duration
	timer   *time.Timer
	devices map[string]*exported
	// ended is closed when nothing may be read any more.
	ended chan struct{}
}

// exported is one file of a lease.
type exported struct {
	key  string
	disk *disk
	at   *layer
	// file is what is sent if it is no disk.
	file string

	mu       sync.Mutex
	made     string
	manifest *types.HttpNfcLeaseManifestEntry
}

func (s *server) exportVM(c *call) soap.HasFault {
	req := c.request.(*types.ExportVm)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	body := &methods.ExportVmBody{}
	if m.running() {
		fault := &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOff,
			ExistingState:  types.VirtualMachinePowerStatePoweredOn,
		}
		body.Fault_ = simulator.Fault(messageOf(fault), fault)
		return body
	}
	points := map[int32]*layer{}
	for key, d := range m.disks {
		points[key] = d.top()
	}
	body.Res = &types.ExportVmResponse{Returnval: s.newLease(m, m.devices(), points)}
	return body
}

func (s *server) exportSnapshot(c *call) soap.HasFault {
	req := c.request.(*types.ExportSnapshot)
	m := s.machines.of(req.This)
	snapshot, ok := simulator.Map.Get(req.This).(*simulator.VirtualMachineSnapshot)
	if m == nil || !ok {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	points := map[int32]*layer{}
	for key, at := range m.snapshots[req.This] {
		points[key] = at.layer
	}
	ref := s.newLease(m, snapshot.Config.Hardware.Device, points)
	return &methods.ExportSnapshotBody{Res: &types.ExportSnapshotResponse{Returnval: ref}}
}

// newLease begins one that is ready after a while. The machine's lock is held.
func (s *server) newLease(m *machine, devices []types.BaseVirtualDevice, points map[int32]*layer) types.ManagedObjectReference {
	l := &ExportLease{server: s, machine: m, timeout: s.leaseTimeout, devices: map[string]*exported{}, ended: make(chan struct{})}
	l.Self = types.ManagedObjectReference{Type: "HttpNfcLease", Value: "session[" + uuid.New().String() + "]" + uuid.New().String()}
	l.State = types.HttpNfcLeaseStateInitializing
	l.Mode = string(types.HttpNfcLeaseModePushOrGet)
	info := &types.HttpNfcLeaseInfo{Lease: l.Self, Entity: m.vm.Self, LeaseTimeout: int32(l.timeout / time.Second)}
	token := uuid.New().String()
	for _, device := range devices {
		found, ok := device.(*types.VirtualDisk)
		if !ok || points[found.Key] == nil {
			continue
		}
		name := fmt.Sprintf("disk-%d.vmdk", len(l.devices))
		key := placeOf(found, devices)
		l.devices[name] = &exported{key: "/" + m.vm.Self.Value + key, disk: m.disks[found.Key], at: points[found.Key]}
		info.TotalDiskCapacityInKB += found.CapacityInKB
		info.DeviceUrl = append(info.DeviceUrl, l.deviceURL(token, name, key, true))
	}
	if m.vm.Config.Firmware == string(types.GuestOsDescriptorFirmwareTypeEfi) {
		// The firmware's variables are among the files, and are no disk.
		name := "nvram"
		file := path.Join(path.Dir(m.fileOf(m.vm.Config.Files.VmPathName)), m.vm.Name+".nvram")
		l.devices[name] = &exported{key: "/" + m.vm.Self.Value + "/nvram", file: file}
		info.DeviceUrl = append(info.DeviceUrl, l.deviceURL(token, name, "/nvram", false))
	}
	simulator.Map.Put(l)
	s.leases.Store(token, l)
	m.exports++
	time.AfterFunc(s.leaseDelay, func() { l.ready(info) })
	return l.Self
}

// placeOf names a disk's place as leases do: `/VirtualLsiLogicController0:0`.
func placeOf(disk *types.VirtualDisk, devices []types.BaseVirtualDevice) string {
	for _, device := range devices {
		controller, ok := device.(types.BaseVirtualController)
		if ok && controller.GetVirtualController().Key == disk.ControllerKey {
			unit := int32(0)
			if disk.UnitNumber != nil {
				unit = *disk.UnitNumber
			}
			kind := reflect.TypeOf(device).Elem().Name()
			return fmt.Sprintf("/%s%d:%d", kind, controller.GetVirtualController().BusNumber, unit)
		}
	}
	return fmt.Sprintf("/VirtualDisk:%d", disk.Key)
}

func (l *ExportLease) deviceURL(token, name, key string, disk bool) types.HttpNfcLeaseDeviceUrl {
	return types.HttpNfcLeaseDeviceUrl{
		Key:           "/" + l.machine.vm.Self.Value + key,
		ImportKey:     "/" + l.machine.vm.Name + key,
		Url:           "https://*" + path.Join(nfcPrefix, token, name),
		SslThumbprint: l.server.thumbprint,
		Disk:          &disk,
		TargetId:      name,
	}
}

func (l *ExportLease) change(changes ...types.PropertyChange) { simulator.Map.Update(l, changes) }

func (l *ExportLease) ready(info *types.HttpNfcLeaseInfo) {
	simulator.Map.WithLock(l, func() {
		if l.State == types.HttpNfcLeaseStateInitializing {
			l.change(types.PropertyChange{Name: "initializeProgress", Val: int32(100)},
				types.PropertyChange{Name: "info", Val: *info},
				types.PropertyChange{Name: "state", Val: types.HttpNfcLeaseStateReady})
			l.timer = time.AfterFunc(l.timeout, l.expire)
		}
	})
}

func (l *ExportLease) expire() {
	simulator.Map.WithLock(l, func() {
		l.end(types.HttpNfcLeaseStateError, &types.Timedout{})
	})
}

// end is called with the lock on the lease held.
func (l *ExportLease) end(state types.HttpNfcLeaseState, fault types.BaseMethodFault) {
	if l.over() {
		return
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	if fault != nil {
		told := types.LocalizedMethodFault{Fault: fault, LocalizedMessage: messageOf(fault)}
		l.change(types.PropertyChange{Name: "error", Val: told})
	}
	l.change(types.PropertyChange{Name: "state", Val: state})
	close(l.ended)
	go func() {
		l.machine.mu.Lock()
		l.machine.exports--
		l.machine.mu.Unlock()
		for _, device := range l.devices {
			device.forget()
		}
	}()
}

func (l *ExportLease) over() bool {
	return l.State == types.HttpNfcLeaseStateDone || l.State == types.HttpNfcLeaseStateError
}

func (l *ExportLease) refused() *soap.Fault {
	if l.State == types.HttpNfcLeaseStateReady {
		return nil
	}
	return simulator.Fault("The lease is "+string(l.State)+".", &types.InvalidState{})
}

// HttpNfcLeaseComplete ends the lease well.
func (l *ExportLease) HttpNfcLeaseComplete(*types.HttpNfcLeaseComplete) soap.HasFault {
	if fault := l.refused(); fault != nil {
		return &methods.HttpNfcLeaseCompleteBody{Fault_: fault}
	}
	l.end(types.HttpNfcLeaseStateDone, nil)
	return &methods.HttpNfcLeaseCompleteBody{Res: &types.HttpNfcLeaseCompleteResponse{}}
}

// HttpNfcLeaseAbort ends the lease with the fault that the client gives, if any.
func (l *ExportLease) HttpNfcLeaseAbort(r *types.HttpNfcLeaseAbort) soap.HasFault {
	if l.over() {
		return &methods.HttpNfcLeaseAbortBody{Fault_: l.refused()}
	}
	var fault types.BaseMethodFault
	if r.Fault != nil {
		fault = r.Fault.Fault
	}
	l.end(types.HttpNfcLeaseStateError, fault)
	return &methods.HttpNfcLeaseAbortBody{Res: &types.HttpNfcLeaseAbortResponse{}}
}

// HttpNfcLeaseProgress keeps the lease from ending.
func (l *ExportLease) HttpNfcLeaseProgress(r *types.HttpNfcLeaseProgress) soap.HasFault {
	body := &methods.HttpNfcLeaseProgressBody{Fault_: l.refused()}
	if body.Fault_ == nil && (r.Percent < 0 || r.Percent > 100) {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "percent"})
	}
	if body.Fault_ == nil {
		l.timer.Reset(l.timeout)
		l.change(types.PropertyChange{Name: "transferProgress", Val: r.Percent})
		body.Res = &types.HttpNfcLeaseProgressResponse{}
	}
	return body
}

// HttpNfcLeaseGetManifest tells the checksums of what was read to its end.
func (l *ExportLease) HttpNfcLeaseGetManifest(*types.HttpNfcLeaseGetManifest) soap.HasFault {
	if fault := l.refused(); fault != nil {
		return &methods.HttpNfcLeaseGetManifestBody{Fault_: fault}
	}
	res := &types.HttpNfcLeaseGetManifestResponse{}
	for _, device := range l.devices {
		device.mu.Lock()
		if device.manifest != nil {
			res.Returnval = append(res.Returnval, *device.manifest)
		}
		device.mu.Unlock()
	}
	return &methods.HttpNfcLeaseGetManifestBody{Res: res}
}

// serveNFC sends a file of a lease: no session is asked for, no length is told and ranges are ignored, as on ESXi.
func (s *server) serveNFC(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, nfcPrefix), "/")
	found, ok := s.leases.Load(parts[0])
	if !ok || len(parts) != 2 || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	l := found.(*ExportLease)
	device := l.devices[parts[1]]
	state := types.HttpNfcLeaseStateError
	simulator.Map.WithLock(l, func() { state = l.State })
	if device == nil || state != types.HttpNfcLeaseStateReady {
		http.NotFound(w, r)
		return
	}
	file, err := device.open()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer file.Close()
	sent := s.transfers.begin("nfc", r.URL.Path, l.machine.hostName())
	defer sent.end()
	sent.ended = l.ended
	w.Header().Set("Content-Type", "application/x-vnd.vmware-streamVmdk")
	w.(http.Flusher).Flush()
	sum := sha1.New()
	size, err := io.Copy(sent.through(w), io.TeeReader(file, sum))
	if err == nil {
		device.note(sum, size)
	}
}

// open gives the bytes to send. A disk is made by qemu-img: its stream-optimized VMDKs are not ours.
func (e *exported) open() (*os.File, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.disk == nil {
		return os.Open(e.file)
	}
	if e.made == "" {
		raw, remove, err := e.disk.flatten(e.at)
		if err != nil {
			return nil, err
		}
		defer remove()
		made := path.Join(os.TempDir(), "export-"+uuid.New().String()+".vmdk")
		convert := exec.Command("qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, made)
		if said, err := convert.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("qemu-img: %w: %s", err, said)
		}
		e.made = made
	}
	return os.Open(e.made)
}

func (e *exported) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.made != "" {
		_ = os.Remove(e.made)
	}
}

func (e *exported) note(sum hash.Hash, size int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.manifest = &types.HttpNfcLeaseManifestEntry{
		Key: e.key, Sha1: fmt.Sprintf("%x", sum.Sum(nil)), Size: size, Disk: e.disk != nil,
	}
	if e.disk != nil {
		e.manifest.Capacity = e.disk.size
	}
}
