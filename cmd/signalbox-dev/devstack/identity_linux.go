package devstack

import (
	"os"
	"syscall"
)

// Capabilities, from linux/capability.h.
const (
	capDACOverride   = 1
	capDACReadSearch = 2
)

// platformIdentities are for data below a folder that other users cannot enter,
// such as a clone under /root.
//
// The first ways keep the other user but hand it one capability, to pass
// through folders: the narrow one, then the wider one that containers grant.
// The last way needs no right to change users: in a user namespace of its own
// the server sees an ordinary uid, while to the rest of the system it is still
// this user, without any capability.
func platformIdentities(users []account) []identity {
	var ids []identity
	if len(users) == 0 {
		return nil
	}
	for _, capability := range []uintptr{capDACReadSearch, capDACOverride} {
		id := dropTo(users[0])
		id.plain = id.apply
		id.name += " with a pass through folders"
		id.apply = func(attr *syscall.SysProcAttr) {
			id.plain(attr)
			attr.AmbientCaps = []uintptr{capability}
		}
		ids = append(ids, id)
	}
	return append(ids, namespaced(users[0]))
}

func namespaced(seen account) identity {
	return identity{
		name: "a user namespace", uid: os.Geteuid(), gid: os.Getegid(),
		apply: func(attr *syscall.SysProcAttr) {
			attr.Cloneflags |= syscall.CLONE_NEWUSER
			attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: seen.uid, HostID: os.Geteuid(), Size: 1}}
			attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: seen.gid, HostID: os.Getegid(), Size: 1}}
			attr.Credential = &syscall.Credential{
				Uid: uint32(seen.uid), Gid: uint32(seen.gid), //nolint:gosec // ids fit
				NoSetGroups: true,
			}
		},
	}
}
