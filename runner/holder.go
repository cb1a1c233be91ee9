package runner

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// portHolder finds the process that listens on a TCP port, or returns 0 where
// /proc does not tell: processes of other users show their descriptors to root
// only.
func portHolder(port int) int {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		for scan := bufio.NewScanner(f); scan.Scan(); {
			if inode := listeningInode(scan.Text(), port); inode != "" {
				inodes["socket:["+inode+"]"] = true
			}
		}
		f.Close()
	}
	if len(inodes) == 0 {
		return 0
	}
	fds, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0 // only a malformed pattern
	}
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && inodes[target] {
			pid, _ := strconv.Atoi(strings.Split(fd, "/")[2]) // the pattern lets digits only through
			return pid
		}
	}
	return 0
}

// listeningInode returns the inode of a line of /proc/net/tcp (proc_pid_net(5))
// that is a socket listening on port.
func listeningInode(line string, port int) string {
	fields := strings.Fields(line)
	const listening = "0A"
	if len(fields) < 10 || fields[3] != listening {
		return ""
	}
	_, hex, _ := strings.Cut(fields[1], ":")
	if n, err := strconv.ParseUint(hex, 16, 16); err != nil || int(n) != port {
		return ""
	}
	return fields[9]
}

// processName is "name (pid N)", or "" of a process that is not there.
func processName(pid int) string {
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s (pid %d)", strings.TrimSpace(string(name)), pid)
}
