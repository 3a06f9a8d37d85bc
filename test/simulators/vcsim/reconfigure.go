package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

func (s *server) createVM(c *call) soap.HasFault {
	req := c.request.(*types.CreateVM_Task)
	folder, ok := simulator.Map.Get(req.This).(*simulator.Folder)
	if !ok {
		return nil
	}
	task := s.startTask(req.This, "createVm", func() (types.AnyType, types.BaseMethodFault) {
		var result types.AnyType
		var fault types.BaseMethodFault
		hidden := hideOddBackings(req.Config.DeviceChange)
		simulator.Map.WithLock(folder, func() { result, fault = outcome(folder.CreateVMTask(context(req.This), req)) })
		if fault != nil {
			return nil, fault
		}
		vm := simulator.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
		simulator.Map.WithLock(vm, hidden.show)
		m := s.machines.adopt(vm)
		m.mu.Lock()
		m.showTools()
		m.mu.Unlock()
		return result, nil
	})
	return &methods.CreateVM_TaskBody{Res: &types.CreateVM_TaskResponse{Returnval: task}}
}

func (s *server) reconfigVM(c *call) soap.HasFault {
	req := c.request.(*types.ReconfigVM_Task)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	task := s.startTask(req.This, "reconfigVm", func() (types.AnyType, types.BaseMethodFault) {
		m.mu.Lock()
		defer m.mu.Unlock()
		var fault types.BaseMethodFault
		added := hideOddBackings(req.Spec.DeviceChange)
		m.withPlainDisks(func() {
			fillEdits(req.Spec.DeviceChange, m.vm.Config.Hardware.Device)
			_, fault = outcome(m.vm.ReconfigVMTask(context(req.This), req))
			added.show()
		})
		s.machines.adopt(m.vm)
		return nil, fault
	})
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: task}}
}

// fillEdits gives the devices to change what the client left out: that stays as it is, and govmomi would lose it.
func fillEdits(changes []types.BaseVirtualDeviceConfigSpec, devices []types.BaseVirtualDevice) {
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		if spec.Operation != types.VirtualDeviceConfigSpecOperationEdit {
			continue
		}
		for _, device := range devices {
			if device.GetVirtualDevice().Key == spec.Device.GetVirtualDevice().Key && reflect.TypeOf(device) == reflect.TypeOf(spec.Device) {
				fillUnset(reflect.ValueOf(spec.Device).Elem(), reflect.ValueOf(device).Elem())
			}
		}
	}
}

func fillUnset(into, from reflect.Value) {
	for i := 0; i < into.NumField(); i++ {
		switch field := into.Field(i); {
		case into.Type().Field(i).Anonymous:
			fillUnset(field, from.Field(i))
		case field.IsZero():
			field.Set(from.Field(i))
		}
	}
}

// oddBackings are those of disks that are no flat files, such as raw device mappings: govmomi breaks on them, so it is
// shown flat ones.
type oddBackings struct {
	disks    []*types.VirtualDisk
	backings []types.BaseVirtualDeviceBackingInfo
}

func (o *oddBackings) hide(device types.BaseVirtualDevice) {
	disk, ok := device.(*types.VirtualDisk)
	if !ok {
		return
	}
	if _, flat := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); flat || disk.Backing == nil {
		return
	}
	o.disks = append(o.disks, disk)
	o.backings = append(o.backings, disk.Backing)
	plain := &types.VirtualDiskFlatVer2BackingInfo{DiskMode: string(types.VirtualDiskModePersistent)}
	if file, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
		plain.VirtualDeviceFileBackingInfo = *file.GetVirtualDeviceFileBackingInfo()
	}
	disk.Backing = plain
}

// show puts them back, with the file that govmomi has chosen.
func (o *oddBackings) show() {
	for i, disk := range o.disks {
		plain, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if file, isFile := o.backings[i].(types.BaseVirtualDeviceFileBackingInfo); ok && isFile {
			*file.GetVirtualDeviceFileBackingInfo() = plain.VirtualDeviceFileBackingInfo
		}
		disk.Backing = o.backings[i]
	}
}

func hideOddBackings(changes []types.BaseVirtualDeviceConfigSpec) *oddBackings {
	hidden := &oddBackings{}
	for _, change := range changes {
		hidden.hide(change.GetVirtualDeviceConfigSpec().Device)
	}
	return hidden
}

// withPlainDisks holds govmomi's lock on the machine.
func (m *machine) withPlainDisks(do func()) {
	simulator.Map.WithLock(m.vm, func() {
		hidden := &oddBackings{}
		for _, device := range m.vm.Config.Hardware.Device {
			hidden.hide(device)
		}
		defer hidden.show()
		do()
	})
}

// forgetVM lets go of the disks of a machine that goes away, whether or not govmomi then does it.
func (s *server) forgetVM(c *call) soap.HasFault {
	m := s.machines.of(c.this)
	if m == nil {
		return nil
	}
	if m.running() {
		return nil
	}
	s.machines.forget(c.this)
	return nil
}

// reconfigureCluster keeps the settings of DRS and HA, of which govmomi keeps only rules, groups and overrides.
func (s *server) reconfigureCluster(c *call) soap.HasFault {
	req := c.request.(*types.ReconfigureComputeResource_Task)
	cluster, isCluster := simulator.Map.Get(req.This).(*simulator.ClusterComputeResource)
	spec, isSpec := req.Spec.(*types.ClusterConfigSpecEx)
	if !isCluster || !isSpec {
		return nil
	}
	simulator.Map.WithLock(cluster, func() {
		config := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
		if spec.DasConfig != nil {
			config.DasConfig = *spec.DasConfig
		}
		if spec.DrsConfig != nil {
			config.DrsConfig = *spec.DrsConfig
		}
	})
	return nil
}

// updateVApp keeps the order in which the machines of a vApp start.
func (s *server) updateVApp(c *call) soap.HasFault {
	req := c.request.(*types.UpdateVAppConfig)
	app, ok := simulator.Map.Get(req.This).(*simulator.VirtualApp)
	if !ok {
		return nil
	}
	simulator.Map.WithLock(app, func() {
		config := *app.VAppConfig
		if req.Spec.Annotation != "" {
			config.Annotation = req.Spec.Annotation
		}
		if len(req.Spec.EntityConfig) > 0 {
			config.EntityConfig = req.Spec.EntityConfig
		}
		app.VAppConfig = &config
	})
	return &methods.UpdateVAppConfigBody{Res: &types.UpdateVAppConfigResponse{}}
}
