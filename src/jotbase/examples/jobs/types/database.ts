// Types of the project. Made by `jotbase types --lang typescript`: do not edit, make it again.

export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[]

export type Database = {
  // What postgrest-js takes the server for: it decides which methods and results it types.
  __InternalSupabase: {
    PostgrestVersion: "14"
  }
  public: {
    Tables: {
      /** A person applies to a job, once. The applicant and the company's owner see it. */
      applications: {
        Row: {
          id: string
          job: number
          applicant: string
          note: string
          status: Database["public"]["Enums"]["applications_status"]
          created_at: string
        }
        Insert: {
          job: number
          applicant?: string
          note: string
          status?: Database["public"]["Enums"]["applications_status"]
          id?: never
          created_at?: never
        }
        Update: {
          job?: number
          applicant?: string
          note?: string
          status?: Database["public"]["Enums"]["applications_status"]
          id?: never
          created_at?: never
        }
        Relationships: [
          {
            foreignKeyName: "applications_job_fkey"
            columns: ["job"]
            isOneToOne: false
            referencedRelation: "jobs"
            referencedColumns: ["id"]
          },
        ]
      }
      /** Who hires. Known by a handle, which stands in URLs and never changes. */
      companies: {
        Row: {
          handle: string
          name: string
          about: string
          website: string | null
          city: string | null
          owner: string | null
          created_at: string
        }
        Insert: {
          handle: string
          name: string
          about?: string
          website?: string | null
          city?: string | null
          owner?: string | null
          created_at?: never
        }
        Update: {
          handle?: string
          name?: string
          about?: string
          website?: string | null
          city?: string | null
          owner?: string | null
          created_at?: never
        }
        Relationships: []
      }
      /** Positions: everybody reads open and closed ones, drafts are for their poster alone. */
      jobs: {
        Row: {
          id: number
          title: string
          company: string
          description: string
          employment: Database["public"]["Enums"]["jobs_employment"]
          remote: boolean
          location: string | null
          salary: number | null
          equity: number | null
          tags: string[]
          status: Database["public"]["Enums"]["jobs_status"]
          posted_by: string | null
          created_at: string
        }
        Insert: {
          title: string
          company: string
          description: string
          employment?: Database["public"]["Enums"]["jobs_employment"]
          remote?: boolean
          location?: string | null
          salary?: number | null
          equity?: number | null
          tags?: string[]
          status?: Database["public"]["Enums"]["jobs_status"]
          posted_by?: string | null
          id?: never
          created_at?: never
        }
        Update: {
          title?: string
          company?: string
          description?: string
          employment?: Database["public"]["Enums"]["jobs_employment"]
          remote?: boolean
          location?: string | null
          salary?: number | null
          equity?: number | null
          tags?: string[]
          status?: Database["public"]["Enums"]["jobs_status"]
          posted_by?: string | null
          id?: never
          created_at?: never
        }
        Relationships: [
          {
            foreignKeyName: "jobs_company_fkey"
            columns: ["company"]
            isOneToOne: false
            referencedRelation: "companies"
            referencedColumns: ["handle"]
          },
        ]
      }
      /** What a person says about themselves; read by them and by companies they applied to. */
      profiles: {
        Row: {
          id: string
          name: string
          headline: string | null
          about: string | null
          contact: string | null
          website: string | null
          skills: string[]
          created_at: string
        }
        Insert: {
          id?: string
          name: string
          headline?: string | null
          about?: string | null
          contact?: string | null
          website?: string | null
          skills?: string[]
          created_at?: never
        }
        Update: {
          id?: string
          name?: string
          headline?: string | null
          about?: string | null
          contact?: string | null
          website?: string | null
          skills?: string[]
          created_at?: never
        }
        Relationships: []
      }
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      [_ in never]: never
    }
    Enums: {
      applications_status: "sent" | "reviewing" | "interview" | "offered" | "declined"
      jobs_employment: "full-time" | "part-time" | "contract" | "internship"
      jobs_status: "draft" | "open" | "closed"
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type Relations = Database["public"]["Tables"] & Database["public"]["Views"]
type Having<Kind extends string> = {
  [Name in keyof Relations as Relations[Name] extends Record<Kind, unknown> ? Name : never]: 1
}
type Of<Name extends keyof Relations, Kind extends string> =
  Relations[Name] extends Record<Kind, infer Found> ? Found : never

export type Tables<Name extends keyof Relations> = Of<Name, "Row">
export type TablesInsert<Name extends keyof Having<"Insert"> & keyof Relations> = Of<Name, "Insert">
export type TablesUpdate<Name extends keyof Having<"Update"> & keyof Relations> = Of<Name, "Update">
export type Enums<Name extends keyof Database["public"]["Enums"]> =
  Database["public"]["Enums"][Name]

export const Constants = {
  public: {
    Enums: {
      applications_status: ["sent", "reviewing", "interview", "offered", "declined"],
      jobs_employment: ["full-time", "part-time", "contract", "internship"],
      jobs_status: ["draft", "open", "closed"],
    },
  },
} as const
