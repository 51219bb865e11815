package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
)

// A source is a file of Go, to find what stands at a position.
type source struct {
	text []byte
	fset *token.FileSet
	file *ast.File
}

func readSource(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{text: text, fset: token.NewFileSet()}
	s.file, err = parser.ParseFile(s.fset, path, text, parser.SkipObjectResolution)
	return s, err
}

func (s *source) at(p token.Pos, line, column int) bool {
	at := s.fset.Position(p)
	return at.Line == line && at.Column == column
}

// function is the name of the function around a position, with its receiver's type; "-" if there is none.
func (s *source) function(line, column int) string {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !s.holds(f, line, column) {
			continue
		}
		if f.Recv == nil {
			return f.Name.Name
		}
		receiver := s.between(f.Recv.List[0].Type.Pos(), f.Recv.List[0].Type.End())
		return strings.TrimPrefix(receiver, "*") + "." + f.Name.Name
	}
	return "-"
}

func (s *source) holds(n ast.Node, line, column int) bool {
	from, to := s.fset.Position(n.Pos()), s.fset.Position(n.End())
	after := line > from.Line || line == from.Line && column >= from.Column
	before := line < to.Line || line == to.Line && column < to.Column
	return after && before
}

// operation is the expression or statement whose operator stands at a position, on one line.
func (s *source) operation(line, column int) string {
	found := "?"
	ast.Inspect(s.file, func(n ast.Node) bool {
		var operator token.Pos
		switch n := n.(type) {
		case *ast.BinaryExpr:
			operator = n.OpPos
		case *ast.UnaryExpr:
			operator = n.OpPos
		case *ast.AssignStmt:
			operator = n.TokPos
		case *ast.IncDecStmt:
			operator = n.TokPos
		case *ast.BranchStmt:
			operator = n.TokPos
		default:
			return true
		}
		if s.at(operator, line, column) {
			found = s.between(n.Pos(), n.End())
		}
		return true
	})
	return found
}

func (s *source) between(from, to token.Pos) string {
	return strings.Join(strings.Fields(string(s.text[s.fset.Position(from).Offset:s.fset.Position(to).Offset])), " ")
}
