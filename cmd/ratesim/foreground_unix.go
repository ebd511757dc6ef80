//go:build unix

package main

import "golang.org/x/sys/unix"

// foreground reports whether this program is what the terminal's user works with, and not
// in the background of a shell, where it must not draw over what others print.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
