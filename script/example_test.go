package script_test

import (
	"fmt"
	"log"
	"os"

	"example.com/linuxtcp/script"
)

// What a file says, read.
func ExampleParse() {
	s, err := script.Parse("refused.script", `# Nobody listens.

p1 > SYN seq 0 mss 1460
	p1 < RST|ACK seq =0 ack 1
	nstat OutRsts 1

kernel 6.1.192 hz 250
`)
	if err != nil {
		log.Fatal(err)
	}
	for i := range s.Steps {
		fmt.Println("step:", &s.Steps[i])
		for _, a := range s.Answers(i, "6.1.192") {
			fmt.Println("answer:", a)
		}
	}
	_, err = script.Parse("refused.script", "p1 > SYN\n")
	fmt.Println(err)
	// Output:
	// step: p1 > SYN seq 0 mss 1460
	// answer: p1 < RST|ACK seq =0 ack 1
	// answer: nstat OutRsts 1
	// refused.script:1: a segment without seq
}

// A test that keeps scripts of one's own, under testdata of one's own project: each is replayed for all
// kernels that its last lines name. In a test file it is
//
//	func TestOwnScripts(t *testing.T) { ... t.Error(err) ... }
func Example_ownScripts() {
	scripts, err := script.ReadFS(os.DirFS("testdata/accept-queue"))
	if err != nil {
		log.Fatal(err)
	}
	differences := 0
	for _, s := range scripts {
		for _, k := range s.Kernels {
			if err := script.Replay(s, k.Name); err != nil {
				fmt.Println(err)
				differences++
			}
		}
	}
	fmt.Println(len(scripts) > 0, differences)
	// Output: true 0
}

// What a release answers to a sequence of segments, written into the script.
func ExampleRecord() {
	s, err := script.Parse("mine.script", "socket s\nbind s :80\nlisten s 5\np1 > SYN seq 0 mss 1460\n")
	if err != nil {
		log.Fatal(err)
	}
	k := script.Kernel{Name: "6.1.192", HZ: 250}
	cfg, err := script.ModelOf(k)
	if err != nil {
		log.Fatal(err)
	}
	m, err := script.NewModel(cfg)
	if err != nil {
		log.Fatal(err)
	}
	trace, err := script.Run(s, m)
	if err != nil {
		log.Fatal(err)
	}
	if err := script.Record(s, k, trace); err != nil {
		log.Fatal(err)
	}
	fmt.Print(s)
	// Output:
	// socket s
	// bind s 10.0.0.1:80
	// listen s 5
	// 	ss s LISTEN 0/5
	// p1 > SYN seq 0 mss 1460
	// 	p1 < SYN|ACK seq 0 ack 1 mss 1460
	// 	ss p1 SYN-RECV
	//
	// kernel 6.1.192 hz 250 at 100 60 60 60 60
}
