package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// createDescriptor writes the OVF of a machine with the files that the client has read of it.
func (s *server) createDescriptor(c *call) soap.HasFault {
	req := c.request.(*types.CreateDescriptor)
	m := s.machines.of(req.Obj)
	body := &methods.CreateDescriptorBody{}
	if m == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.Obj})
		return body
	}
	var text bytes.Buffer
	facts := m.ovfFacts(req.Cdp)
	if err := ovfTemplate.Execute(&text, facts); err != nil {
		body.Fault_ = simulator.Fault(err.Error(), &types.SystemError{Reason: err.Error()})
		return body
	}
	body.Res = &types.CreateDescriptorResponse{Returnval: types.OvfCreateDescriptorResult{OvfDescriptor: text.String()}}
	return body
}

type ovfFacts struct {
	Name, Description, GuestID, Version string
	CPUs, MemoryMB                      int32
	Files                               []ovfFile
	Networks                            []string
	Controllers                         []ovfItem
	Disks                               []ovfItem
	Nics                                []ovfItem
	Firmware                            string
}

type ovfFile struct {
	ID, Href string
	Size     int64
}

type ovfItem struct {
	ID, Type, Parent, Unit          int32
	Name, Kind, File, Network, Disk string
	Capacity                        int64
}

func (m *machine) ovfFacts(params types.OvfCreateDescriptorParams) ovfFacts {
	config := m.vm.Config
	facts := ovfFacts{
		Name: m.vm.Name, Description: config.Annotation, GuestID: config.GuestId, Version: config.Version,
		CPUs: config.Hardware.NumCPU, MemoryMB: config.Hardware.MemoryMB, Firmware: config.Firmware,
	}
	if params.Name != "" {
		facts.Name = params.Name
	}
	devices := object.VirtualDeviceList(m.devices())
	files := map[string]string{}
	for i, file := range params.OvfFiles {
		id := fmt.Sprintf("file%d", i+1)
		files[file.DeviceId] = id
		facts.Files = append(facts.Files, ovfFile{id, file.Path, file.Size})
	}
	ids := map[int32]int32{}
	for _, device := range devices {
		if item, ok := ovfController(device); ok {
			item.ID = int32(len(facts.Controllers) + 3)
			ids[device.GetVirtualDevice().Key] = item.ID
			facts.Controllers = append(facts.Controllers, item)
		}
	}
	next := int32(len(facts.Controllers) + 3)
	for _, device := range devices {
		switch found := device.(type) {
		case *types.VirtualDisk:
			item := ovfItem{ID: next, Name: labelOf(device), Parent: ids[found.ControllerKey], Capacity: sizeOf(found)}
			if found.UnitNumber != nil {
				item.Unit = *found.UnitNumber
			}
			item.Disk = fmt.Sprintf("vmdisk%d", len(facts.Disks)+1)
			item.File = files["/"+m.vm.Self.Value+placeOf(found, devices)]
			facts.Disks = append(facts.Disks, item)
			next++
		case types.BaseVirtualEthernetCard:
			card := ovfItem{ID: next, Name: labelOf(device), Kind: devices.Type(device), Network: m.networkOf(found)}
			facts.Nics = append(facts.Nics, card)
			next++
		}
	}
	seen := map[string]bool{}
	for _, nic := range facts.Nics {
		if !seen[nic.Network] {
			seen[nic.Network] = true
			facts.Networks = append(facts.Networks, nic.Network)
		}
	}
	return facts
}

func labelOf(device types.BaseVirtualDevice) string {
	if info := device.GetVirtualDevice().DeviceInfo; info != nil {
		return info.GetDescription().Label
	}
	return ""
}

func ovfController(device types.BaseVirtualDevice) (ovfItem, bool) {
	item := ovfItem{Name: labelOf(device)}
	switch device.(type) {
	case *types.ParaVirtualSCSIController:
		item.Type, item.Kind = 6, "VirtualSCSI"
	case *types.VirtualLsiLogicController:
		item.Type, item.Kind = 6, "lsilogic"
	case *types.VirtualLsiLogicSASController:
		item.Type, item.Kind = 6, "lsilogicsas"
	case *types.VirtualBusLogicController:
		item.Type, item.Kind = 6, "buslogic"
	case *types.VirtualIDEController:
		item.Type = 5
	case *types.VirtualAHCIController:
		item.Type, item.Kind = 20, "vmware.sata.ahci"
	case *types.VirtualNVMEController:
		item.Type, item.Kind = 20, "vmware.nvme.controller"
	default:
		return item, false
	}
	item.Unit = device.(types.BaseVirtualController).GetVirtualController().BusNumber
	return item, true
}

func (m *machine) networkOf(card types.BaseVirtualEthernetCard) string {
	switch backing := card.GetVirtualEthernetCard().Backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return backing.DeviceName
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		ref := types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: backing.Port.PortgroupKey}
		if group, ok := simulator.Map.Get(ref).(*simulator.DistributedVirtualPortgroup); ok {
			return group.Name
		}
	}
	return ""
}

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text))
	return out.String()
}

var ovfTemplate = template.Must(template.New("ovf").Funcs(template.FuncMap{"x": escaped}).Parse(`<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <References>
{{- range .Files}}
    <File ovf:href="{{x .Href}}" ovf:id="{{.ID}}" ovf:size="{{.Size}}"/>
{{- end}}
  </References>
  <DiskSection>
    <Info>Virtual disk information</Info>
{{- range .Disks}}
    <Disk ovf:capacity="{{.Capacity}}" ovf:capacityAllocationUnits="byte" ovf:diskId="{{.Disk}}"{{if .File}} ovf:fileRef="{{.File}}"{{end}} ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
{{- end}}
  </DiskSection>
  <NetworkSection>
    <Info>The list of logical networks</Info>
{{- range .Networks}}
    <Network ovf:name="{{x .}}">
      <Description>The {{x .}} network</Description>
    </Network>
{{- end}}
  </NetworkSection>
  <VirtualSystem ovf:id="{{x .Name}}">
    <Info>A virtual machine</Info>
    <Name>{{x .Name}}</Name>
{{- if .Description}}
    <AnnotationSection>
      <Info>A human-readable annotation</Info>
      <Annotation>{{x .Description}}</Annotation>
    </AnnotationSection>
{{- end}}
    <OperatingSystemSection ovf:id="1" vmw:osType="{{x .GuestID}}">
      <Info>The kind of installed guest operating system</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Virtual hardware requirements</Info>
      <System>
        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>{{x .Name}}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>{{x .Version}}</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits>
        <rasd:Description>Number of Virtual CPUs</rasd:Description>
        <rasd:ElementName>{{.CPUs}} virtual CPU(s)</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>{{.CPUs}}</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:Description>Memory Size</rasd:Description>
        <rasd:ElementName>{{.MemoryMB}}MB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>{{.MemoryMB}}</rasd:VirtualQuantity>
      </Item>
{{- range .Controllers}}
      <Item>
        <rasd:Address>{{.Unit}}</rasd:Address>
        <rasd:ElementName>{{x .Name}}</rasd:ElementName>
        <rasd:InstanceID>{{.ID}}</rasd:InstanceID>
{{- if .Kind}}
        <rasd:ResourceSubType>{{.Kind}}</rasd:ResourceSubType>
{{- end}}
        <rasd:ResourceType>{{.Type}}</rasd:ResourceType>
      </Item>
{{- end}}
{{- range .Disks}}
      <Item>
        <rasd:AddressOnParent>{{.Unit}}</rasd:AddressOnParent>
        <rasd:ElementName>{{x .Name}}</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/{{.Disk}}</rasd:HostResource>
        <rasd:InstanceID>{{.ID}}</rasd:InstanceID>
        <rasd:Parent>{{.Parent}}</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>
{{- end}}
{{- range .Nics}}
      <Item>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>{{x .Network}}</rasd:Connection>
        <rasd:ElementName>{{x .Name}}</rasd:ElementName>
        <rasd:InstanceID>{{.ID}}</rasd:InstanceID>
        <rasd:ResourceSubType>{{.Kind}}</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType>
      </Item>
{{- end}}
{{- if eq .Firmware "efi"}}
      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
{{- end}}
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`))
