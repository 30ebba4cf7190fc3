// Reads {pattern: [texts]} and prints which texts each pattern matches, by RE2.
package main

import (
	"encoding/json"
	"os"
	"regexp"
)

func main() {
	var patterns map[string][]string
	if err := json.NewDecoder(os.Stdin).Decode(&patterns); err != nil {
		panic(err)
	}
	found := map[string][]bool{}
	for pattern, texts := range patterns {
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
