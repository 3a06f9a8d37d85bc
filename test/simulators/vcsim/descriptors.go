package main

import (
	"fmt"
	"math/rand"
	"os"
	"path"
	"regexp"
)

const sector = 512

// flatDescriptor is the text of a VMDK on VMFS: its data are in a file of their own.
func flatDescriptor(data string, size int64) string {
	cylinders := size / (16 * 63 * sector)
	if cylinders > 16383 {
		cylinders = 16383
	}
	return fmt.Sprintf(`# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=%s
parentCID=ffffffff
createType="vmfs"

# Extent description
RW %d VMFS "%s"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "%d"
ddb.geometry.heads = "16"
ddb.geometry.sectors = "63"
ddb.thinProvisioned = "1"
ddb.virtualHWVersion = "19"
`, newCID(), size/sector, path.Base(data), cylinders)
}

// deltaDescriptor is that of a disk that holds only what differs from its parent.
func deltaDescriptor(data, parent string, size int64) string {
	return fmt.Sprintf(`# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=%s
parentCID=%s
createType="vmfsSparse"
parentFileNameHint="%s"

# Extent description
RW %d VMFSSPARSE "%s"

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "19"
`, newCID(), cidOf(parent), path.Base(parent), size/sector, path.Base(data))
}

func newCID() string { return fmt.Sprintf("%08x", rand.Uint32()&^1) }

var cidLine = regexp.MustCompile(`(?m)^CID=([0-9a-f]{8})$`)

func cidOf(descriptor string) string {
	text, err := os.ReadFile(descriptor)
	if found := cidLine.FindSubmatch(text); err == nil && found != nil {
		return string(found[1])
	}
	return "fffffffe"
}
