package runner

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/dram-go/dram/runner/wire"
)

// wireCommand is for whoever looks for a fault between front and worker.
func (p *program) wireCommand() *cobra.Command {
	c := &cobra.Command{Use: "wire", Short: "look into what front and workers say to each other", Hidden: true}
	c.AddCommand(&cobra.Command{
		Use: "dump FILE", Short: "print a recording of one side of a data connection in words, without cookies", Args: cobra.ExactArgs(1),
		Long: "Print a recording of one side of a data connection in words, without cookies.\n\n" +
			"A front records its data connections when the variable " + recordVariable + " names a directory. The recordings have everything, cookies too.",
		Example: "  " + recordVariable + "=/tmp/wire " + p.name() + " serve\n  " + p.name() + " wire dump /tmp/wire/1-1.worker",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			if err := wire.Dump(cmd.OutOrStdout(), f); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return nil
		},
	})
	return c
}

// recordVariable names the directory to which a front records.
const recordVariable = "DRAM_WIRE_RECORD"
