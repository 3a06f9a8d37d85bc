#!/usr/bin/env python3
"""Judges OVF 1 descriptors of one machine with VHDs, with Python's own XML reader and no code of the converter's.

    ovf_check.py FILE...

Writes a line of JSON for each: what it says of the machine, and `findings`, empty when every reference leads somewhere
and every rule of DSP0243 1.1 that is looked at here is kept.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree

CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_"
SPACES = {
    "ovf": "http://schemas.dmtf.org/ovf/envelope/1",
    "rasd": CIM + "ResourceAllocationSettingData",
    "vssd": CIM + "VirtualSystemSettingData",
    "xen": "http://schemas.citrix.com/ovf/envelope/1",
}
VHD = "http://www.microsoft.com/technet/virtualserver/downloads/vhdspec.mspx"
PROCESSOR, MEMORY, NETWORK, DISK = "3", "4", "10", "17"


def qualified(name):
    prefix, local = name.split(":")
    return f"{{{SPACES[prefix]}}}{local}"


class Judge:
    def __init__(self, root):
        self.root = root
        self.findings = []

    def expect(self, condition, finding):
        if not condition:
            self.findings.append(finding)

    def all(self, path, start=None):
        return (self.root if start is None else start).findall(path, SPACES)

    def verdict(self):
        self.expect(self.root.tag == qualified("ovf:Envelope"), "the root is no Envelope")
        order = [child.tag.split("}")[1] for child in self.root]
        self.expect(order == ["References", "DiskSection", "NetworkSection", "VirtualSystem"], f"order {order}")
        files = self.keyed("ovf:References/ovf:File", "ovf:id")
        disks = self.keyed("ovf:DiskSection/ovf:Disk", "ovf:diskId")
        networks = self.keyed("ovf:NetworkSection/ovf:Network", "ovf:name")
        for section in self.all(".//*"):
            if section.tag.endswith("Section"):
                self.expect(section[0].tag == qualified("ovf:Info"), f"{section.tag} has no Info first")
        items = [self.item(element) for element in self.all(".//ovf:VirtualHardwareSection/ovf:Item")]
        ids = [item["InstanceID"] for item in items]
        self.expect(len(set(ids)) == len(ids), "an InstanceID is there twice")
        places = [(item["Parent"], item["AddressOnParent"]) for item in items if "Parent" in item]
        self.expect(len(set(places)) == len(places), "two devices are in one place")
        for item in items:
            self.expect("ElementName" in item, "an item has no ElementName")
            self.expect(item.get("Parent", ids[0]) in ids, "a Parent leads nowhere")
        nics = [item for item in items if item["ResourceType"] == NETWORK]
        self.expect(all(nic["Connection"] in networks for nic in nics), "a network is not listed")
        drives = [item for item in items if item["ResourceType"] == DISK]
        return {
            "name": self.root.findtext("ovf:VirtualSystem/ovf:Name", None, SPACES),
            "cpus": self.quantity(items, PROCESSOR),
            "memoryMib": self.quantity(items, MEMORY),
            "disks": [self.disk(drive, disks, files) for drive in drives],
            "nics": [[nic["Connection"], nic.get("Address")] for nic in nics],
            "xen": {
                element.get("Name"): element.findtext("xen:Value", None, SPACES)
                for element in self.all(".//xen:VirtualSystemOtherConfigurationData")
            },
            "findings": self.findings,
        }

    def keyed(self, path, key):
        elements = self.all(path)
        by_key = {element.get(qualified(key)): element for element in elements}
        self.expect(None not in by_key and len(by_key) == len(elements), f"{path} without a {key} of its own")
        return by_key

    def item(self, element):
        fields = [child for child in element if child.tag.startswith("{" + SPACES["rasd"])]
        names = [field.tag.split("}")[1] for field in fields]
        self.expect(names == sorted(set(names)), f"the fields {names} are not in the schema's order")
        return {name: field.text for name, field in zip(names, fields)}

    def quantity(self, items, kind):
        found = [item for item in items if item["ResourceType"] == kind]
        self.expect(len(found) == 1, f"{len(found)} items of type {kind}")
        if kind == MEMORY:
            self.expect(found[0]["AllocationUnits"] == "byte * 2^20", "memory is not in MiB")
        return int(found[0]["VirtualQuantity"])

    def disk(self, item, disks, files):
        disk = disks.get(item["HostResource"].removeprefix("ovf:/disk/"))
        file = None if disk is None else files.get(disk.get(qualified("ovf:fileRef")))
        self.expect(file is not None, f"{item['HostResource']} leads to no file")
        if file is None:
            return None
        self.expect(disk.get(qualified("ovf:format")) == VHD, "the format is not VHD")
        href = file.get(qualified("ovf:href"))
        self.expect("/" not in href, f"{href} is not beside the descriptor")
        return {
            "file": href,
            "fileBytes": int(file.get(qualified("ovf:size"))),
            "capacityBytes": int(disk.get(qualified("ovf:capacity"))),
            "connection": item["Connection"],
        }


for path in sys.argv[1:]:
    print(json.dumps(Judge(ElementTree.parse(path).getroot()).verdict()))
