package main

import (
	"fmt"
	"net"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// defaultShutdown is how long a guest takes to shut down unless it is told otherwise.
const defaultShutdown = 50 * time.Millisecond

// guest is what runs in a machine.
type guest struct {
	tools    bool
	shutdown time.Duration
	// ignores says that it does not shut down when it is asked to.
	ignores bool
	// started counts how often it was started: a shutdown that is late does not hit the next run.
	started int
}

func (s *server) powerOn(c *call) soap.HasFault {
	req := c.request.(*types.PowerOnVM_Task)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	task := s.startTask(req.This, "powerOn", func() (types.AnyType, types.BaseMethodFault) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.exports > 0 {
			return nil, &types.TaskInProgress{}
		}
		fault := m.power(func(ctx *simulator.Context) soap.HasFault { return m.vm.PowerOnVMTask(ctx, req) })
		if fault == nil {
			m.guest.started++
			m.standStill()
			m.showTools()
		}
		return nil, fault
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task}}
}

func (s *server) powerOff(c *call) soap.HasFault {
	req := c.request.(*types.PowerOffVM_Task)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	task := s.startTask(req.This, "powerOff", func() (types.AnyType, types.BaseMethodFault) {
		m.mu.Lock()
		defer m.mu.Unlock()
		return nil, m.turnOff()
	})
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: task}}
}

func (s *server) shutdownGuest(c *call) soap.HasFault {
	req := c.request.(*types.ShutdownGuest)
	m := s.machines.of(req.This)
	if m == nil {
		return nil
	}
	body := &methods.ShutdownGuestBody{}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.running() {
		fault := &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOn,
			ExistingState:  types.VirtualMachinePowerStatePoweredOff,
		}
		body.Fault_ = simulator.Fault(messageOf(fault), fault)
		return body
	}
	if !m.hasTools() {
		body.Fault_ = simulator.Fault("VMware Tools is not running.", &types.ToolsUnavailable{})
		return body
	}
	if !m.guest.ignores {
		run := m.guest.started
		time.AfterFunc(m.guest.shutdown, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.guest.started == run && m.running() {
				m.turnOff()
			}
		})
	}
	body.Res = &types.ShutdownGuestResponse{}
	return body
}

func (m *machine) turnOff() types.BaseMethodFault {
	req := &types.PowerOffVM_Task{This: m.vm.Self}
	fault := m.power(func(ctx *simulator.Context) soap.HasFault { return m.vm.PowerOffVMTask(ctx, req) })
	if fault == nil {
		m.showTools()
	}
	return fault
}

func (m *machine) power(change func(*simulator.Context) soap.HasFault) (fault types.BaseMethodFault) {
	simulator.Map.WithLock(m.vm, func() { _, fault = outcome(change(context(m.vm.Self))) })
	return
}

// standStill is what a machine does when its disks are opened anew.
func (m *machine) standStill() {
	for _, d := range m.disks {
		d.mu.Lock()
	}
	m.followTracking()
	for _, d := range m.disks {
		d.mu.Unlock()
	}
	m.showDisks()
}

func (m *machine) hasTools() bool {
	status := types.VirtualMachineToolsStatusToolsNotInstalled
	simulator.Map.WithLock(m.vm, func() { status = m.vm.Guest.ToolsStatus })
	return m.guest.tools || (status != "" && status != types.VirtualMachineToolsStatusToolsNotInstalled)
}

// showTools tells what the machine says of its guest's tools.
func (m *machine) showTools() {
	installed, running := m.hasTools(), m.running()
	status := types.VirtualMachineToolsStatusToolsNotInstalled
	runs := types.VirtualMachineToolsRunningStatusGuestToolsNotRunning
	version := types.VirtualMachineToolsVersionStatusGuestToolsNotInstalled
	if installed {
		status, version = types.VirtualMachineToolsStatusToolsNotRunning, types.VirtualMachineToolsVersionStatusGuestToolsCurrent
	}
	if installed && running {
		status, runs = types.VirtualMachineToolsStatusToolsOk, types.VirtualMachineToolsRunningStatusGuestToolsRunning
	}
	simulator.Map.WithLock(m.vm, func() {
		simulator.Map.Update(m.vm, []types.PropertyChange{
			{Name: "guest.toolsStatus", Val: status},
			{Name: "guest.toolsRunningStatus", Val: string(runs)},
			{Name: "guest.toolsVersionStatus2", Val: string(version)},
			{Name: "summary.guest.toolsStatus", Val: status},
			{Name: "summary.guest.toolsRunningStatus", Val: string(runs)},
		})
	})
}

// guestFacts is what a test says of a guest; what it leaves out stays as it was.
type guestFacts struct {
	VM              string     `json:"vm"`
	Tools           *bool      `json:"tools"`
	ShutdownMs      *int       `json:"shutdownMs"`
	IgnoresShutdown *bool      `json:"ignoresShutdown"`
	HostName        string     `json:"hostName"`
	FullName        string     `json:"fullName"`
	Addresses       [][]string `json:"addresses"`
}

func (s *server) setGuest(facts guestFacts) error {
	m, err := s.named(facts.VM)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if facts.Tools != nil {
		m.guest.tools = *facts.Tools
	}
	if facts.ShutdownMs != nil {
		m.guest.shutdown = time.Duration(*facts.ShutdownMs) * time.Millisecond
	}
	if facts.IgnoresShutdown != nil {
		m.guest.ignores = *facts.IgnoresShutdown
	}
	if facts.Tools != nil {
		m.showTools()
	}
	return m.showGuest(facts)
}

// showGuest tells what the tools would report: names, and the addresses of each network card in order.
func (m *machine) showGuest(facts guestFacts) (err error) {
	simulator.Map.WithLock(m.vm, func() {
		var changes []types.PropertyChange
		for name, value := range map[string]string{"hostName": facts.HostName, "guestFullName": facts.FullName} {
			if value != "" {
				changes = append(changes, types.PropertyChange{Name: "guest." + name, Val: value},
					types.PropertyChange{Name: "summary.guest." + name, Val: value})
			}
		}
		nics := append([]types.GuestNicInfo(nil), m.vm.Guest.Net...)
		for i, addresses := range facts.Addresses {
			if i >= len(nics) {
				err = fmt.Errorf("%s has %d network cards", facts.VM, len(nics))
				return
			}
			if err = setAddresses(&nics[i], addresses); err != nil {
				return
			}
		}
		if len(facts.Addresses) > 0 {
			changes = append(changes, types.PropertyChange{Name: "guest.net", Val: nics})
			if first := facts.Addresses[0]; len(first) > 0 {
				address := nics[0].IpAddress[0]
				changes = append(changes, types.PropertyChange{Name: "guest.ipAddress", Val: address},
					types.PropertyChange{Name: "summary.guest.ipAddress", Val: address})
			}
		}
		simulator.Map.Update(m.vm, changes)
	})
	return
}

func setAddresses(nic *types.GuestNicInfo, addresses []string) error {
	nic.IpAddress, nic.IpConfig = nil, &types.NetIpConfigInfo{}
	for _, text := range addresses {
		address, network, err := net.ParseCIDR(text)
		if err != nil {
			return err
		}
		length, _ := network.Mask.Size()
		nic.IpAddress = append(nic.IpAddress, address.String())
		nic.IpConfig.IpAddress = append(nic.IpConfig.IpAddress, types.NetIpConfigInfoIpAddress{
			IpAddress:    address.String(),
			PrefixLength: int32(length),
			State:        string(types.NetIpConfigInfoIpAddressStatusPreferred),
		})
	}
	return nil
}
