// Reads {pattern: [texts]} and prints which texts each pattern matches, by RE2.
package main

import (
	"encoding/json"
	"os"
	"regexp"
)

func main() {
	var asked map[string][]string
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	found := map[string][]bool{}
	for pattern, texts := range asked {
		compiled := regexp.MustCompile(pattern)
		found[pattern] = []bool{}
		for _, text := range texts {
			found[pattern] = append(found[pattern], compiled.MatchString(text))
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}
