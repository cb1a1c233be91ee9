package runner

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// portHolder names the process that listens on a TCP port, as "name (pid N)",
// or returns "" where /proc does not tell: processes of other users show
// their descriptors to root only.
func portHolder(port int) string {
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
		return ""
	}
	fds, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return "" // only a malformed pattern
	}
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && inodes[target] {
			return processName(strings.Split(fd, "/")[2])
		}
	}
	return ""
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

func processName(pid string) string {
	name, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
}
