// Prints, as JSON, whom containerd asks: one line of input is a root folder, a tab and a registry. With the argument
// "rewrite" a line is a pattern, its replacement and a text, and what Go makes of them is printed; null for no pattern.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/core/remotes/docker/config"
)

type server struct {
	Scheme, Host, Path string
	Pull, Resolve      bool
}

func ask(root, registry string) ([]server, error) {
	hosts, err := config.ConfigureHosts(context.Background(), config.HostOptions{HostDir: config.HostDirFromRoot(root)})(registry)
	servers := []server{}
	for _, host := range hosts {
		servers = append(servers, server{
			host.Scheme, host.Host, host.Path,
			host.Capabilities.Has(docker.HostCapabilityPull), host.Capabilities.Has(docker.HostCapabilityResolve),
		})
	}
	return servers, err
}

func rewrite(line string) any {
	parts := strings.Split(line, "\t")
	pattern, err := regexp.Compile(parts[0])
	if err != nil {
		return nil
	}
	return pattern.ReplaceAllString(parts[2], parts[1])
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	if len(os.Args) > 1 && os.Args[1] == "rewrite" {
		for lines.Scan() {
			if err := json.NewEncoder(os.Stdout).Encode(rewrite(lines.Text())); err != nil {
				os.Exit(1)
			}
		}
		return
	}
	for lines.Scan() {
		root, registry, _ := strings.Cut(lines.Text(), "\t")
		servers, err := ask(root, registry)
		if err != nil {
			fmt.Fprintln(os.Stderr, root, err)
			os.Exit(1)
		}
		if err := json.NewEncoder(os.Stdout).Encode(servers); err != nil {
			os.Exit(1)
		}
	}
}
