// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0

// Verifies a log that Postern wrote, with nothing of Postern: the hashing, the proofs and the signed notes are those
// of golang.org/x/mod/sumdb, as Debian packages them. What this file adds is the layout of C2SP tlog-tiles.
//
// A witness's cosignature stands beside the log's signature: the package opens the note with either, given a verifier for
// the kind of C2SP tlog-cosignature, which is made here by the words of that specification.
//
//	verify FOLDER     where log_maker made it
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

func number(n int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	return text
}

func path(kind string, n int64, width int) string {
	text := "tile/" + kind + "/" + number(n)
	if width < 1<<height {
		text += ".p/" + strconv.Itoa(width)
	}
	return text
}

// The checkpoint of a note that one of the keys signed.
func open(bytes []byte, keys ...note.Verifier) tlog.Tree {
	signed, err := note.Open(bytes, note.VerifierList(keys...))
	must(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		must(fmt.Errorf("not a checkpoint: %q", signed.Text))
	}
	return tree(lines, keys[0].Name())
}

func tree(lines []string, origin string) tlog.Tree {
	if lines[0] != origin {
		must(fmt.Errorf("of another log: %q", lines[0]))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	tree := tlog.Tree{N: size}
	if copy(tree.Hash[:], root) != tlog.HashSize || len(root) != tlog.HashSize {
		must(fmt.Errorf("not a root: %q", lines[2]))
	}
	return tree
}

// A verifier of cosignatures: name+id+key, as note.NewVerifier takes it, but of algorithm 4.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitness(text string) witness {
	parts := strings.SplitN(text, "+", 3)
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	must(err)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	if len(key) != 33 || key[0] != 4 {
		must(fmt.Errorf("not the key of a witness: %s", text))
	}
	return witness{parts[0], uint32(hash), key[1:]}
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	return ed25519.Verify(w.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, msg)), sig[8:])
}

// Both the log and its witness have signed, and the log's key alone opens it too.
func checkCosigned(bytes []byte, verifier note.Verifier, by witness) {
	signed, err := note.Open(bytes, note.VerifierList(verifier, by))
	must(err)
	if len(signed.Sigs) != 2 || len(signed.UnverifiedSigs) != 0 {
		must(fmt.Errorf("%d signatures hold, and %d are of unknown keys", len(signed.Sigs), len(signed.UnverifiedSigs)))
	}
	alone, err := note.Open(bytes, note.VerifierList(verifier))
	must(err)
	if len(alone.Sigs) != 1 || len(alone.UnverifiedSigs) != 1 {
		must(fmt.Errorf("without the witness's key %d signatures hold", len(alone.Sigs)))
	}
	_, err = note.Open([]byte(strings.Replace(string(bytes), "\n", "x\n", 1)), note.VerifierList(by))
	if err == nil {
		must(fmt.Errorf("a cosignature holds over another text"))
	}
}

// The key that a log was handed over to, and the tree of that moment: the old key signed both, and the new one too.
func handover(log string, old string) (note.Verifier, tlog.Tree) {
	from, err := note.NewVerifier(old)
	must(err)
	bytes, err := os.ReadFile(filepath.Join(log, "handover", fmt.Sprintf("%08x", from.KeyHash())))
	must(err)
	signed, err := note.Open(bytes, note.VerifierList(from))
	must(err)
	lines := strings.Split(signed.Text, "\n")
	prefix := "postern.handover/v1 " + old + " "
	if len(lines) != 5 || lines[4] != "" || !strings.HasPrefix(lines[3], prefix) {
		must(fmt.Errorf("not a handover from this key: %q", signed.Text))
	}
	to, err := note.NewVerifier(strings.TrimPrefix(lines[3], prefix))
	must(err)
	signed, err = note.Open(bytes, note.VerifierList(from, to))
	must(err)
	if len(signed.Sigs) != 2 || to.Name() != from.Name() {
		must(fmt.Errorf("%d of two signatures below the handover", len(signed.Sigs)))
	}
	return to, tree(lines, from.Name())
}

// tlog's tiles, read from files. TileHashReader holds each against the tree's root before it uses it.
type tiles struct{ log string }

func (t tiles) Height() int                     { return height }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range wanted {
		bytes, err := os.ReadFile(filepath.Join(t.log, path(strconv.Itoa(tile.L), tile.N, tile.W)))
		if os.IsNotExist(err) { // a partial tile may be gone once the full one is there
			bytes, err = os.ReadFile(filepath.Join(t.log, path(strconv.Itoa(tile.L), tile.N, 1<<height)))
		}
		if err != nil || len(bytes) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%v: %d bytes, %v", tile, len(bytes), err)
		}
		out = append(out, bytes[:tile.W*tlog.HashSize])
	}
	return out, nil
}

// Every entry of every bundle, in order.
func eachEntry(log string, size int64, take func(index int64, entry []byte)) {
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		if width > 1<<height {
			width = 1 << height
		}
		bundle, err := os.ReadFile(filepath.Join(log, path("entries", first>>height, int(width))))
		must(err)
		for i := int64(0); i < width; i++ {
			length := int(binary.BigEndian.Uint16(bundle))
			take(first+i, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			must(fmt.Errorf("bundle %d has more than %d entries", first>>height, width))
		}
	}
}

// The tree that the entries themselves make, without the tiles: hashes as tlog stores them.
func rebuild(log string, size int64) (tlog.HashReaderFunc, tlog.Hash) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, index := range indexes {
			out = append(out, stored[index])
		}
		return out, nil
	})
	eachEntry(log, size, func(index int64, entry []byte) {
		more, err := tlog.StoredHashes(index, entry, reader)
		must(err)
		stored = append(stored, more...)
	})
	root, err := tlog.TreeHash(size, reader)
	must(err)
	return reader, root
}

func checkpoints(folder string, keys ...note.Verifier) []tlog.Tree {
	names, err := os.ReadDir(filepath.Join(folder, "checkpoints"))
	must(err)
	var trees []tlog.Tree
	for _, name := range names {
		bytes, err := os.ReadFile(filepath.Join(folder, "checkpoints", name.Name()))
		must(err)
		trees = append(trees, open(bytes, keys...))
	}
	sort.Slice(trees, func(i, j int) bool { return trees[i].N < trees[j].N })
	return trees
}

func main() {
	folder := os.Args[1]
	log := filepath.Join(folder, "log")
	key, err := os.ReadFile(filepath.Join(folder, "key"))
	must(err)
	old := strings.TrimSpace(string(key))
	verifier, err := note.NewVerifier(old)
	must(err)
	successor, handed := handover(log, old)
	bytes, err := os.ReadFile(filepath.Join(log, "checkpoint"))
	must(err)
	tree := open(bytes, successor)
	by, err := os.ReadFile(filepath.Join(folder, "witness"))
	must(err)
	checkCosigned(bytes, successor, newWitness(strings.TrimSpace(string(by))))
	fmt.Println("the checkpoint is cosigned by its witness")

	own, root := rebuild(log, tree.N)
	if root != tree.Hash {
		must(fmt.Errorf("the entries give the root %v, and %v was signed", root, tree.Hash))
	}
	fmt.Printf("%d entries give the root that was signed\n", tree.N)
	if at, err := tlog.TreeHash(handed.N, own); err != nil || at != handed.Hash {
		must(fmt.Errorf("the log was handed over with the root %v, and had %v", handed.Hash, at))
	}
	fmt.Printf("the handover behind %d entries holds\n", handed.N)

	reader := tlog.TileHashReader(tree, tiles{log})
	included := 0
	prove := func(index int64) {
		leaf, err := own([]int64{tlog.StoredHashIndex(0, index)})
		must(err)
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		must(err)
		must(tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]))
		included++
	}
	prove(0)
	prove(tree.N - 1)
	for i := 0; i < 1000; i++ {
		prove(rand.Int63n(tree.N))
	}
	fmt.Printf("%d inclusion proofs from the tiles hold\n", included)

	consistent := 0
	trees := checkpoints(folder, verifier, successor)
	for i, old := range trees {
		for _, newer := range trees[i:] {
			proof, err := tlog.ProveTree(newer.N, old.N, tlog.TileHashReader(newer, tiles{log}))
			must(err)
			must(tlog.CheckTree(proof, newer.N, newer.Hash, old.N, old.Hash))
			consistent++
		}
	}
	if len(trees) < 2 || trees[len(trees)-1] != tree {
		must(fmt.Errorf("%d checkpoints were kept: two at least are needed, the last the published one", len(trees)))
	}
	fmt.Printf("%d consistency proofs between %d checkpoints hold\n", consistent, len(trees))
}
